"""The hmi role: what people see of a line, and what they ask of it."""
