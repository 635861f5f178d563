"""The pure core: given inputs and history, it answers with events and effects."""
