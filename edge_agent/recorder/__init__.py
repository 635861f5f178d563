"""The flight recorder: every input of the line and what was decided, kept for a while."""
