"""The agent on the line PC."""
