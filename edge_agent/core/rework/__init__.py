"""Repairs of what was packed, planned from what is known: events, or all that speaks against it."""
