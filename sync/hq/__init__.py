"""HQ: the central server."""
