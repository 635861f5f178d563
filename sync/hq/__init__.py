"""HQ: the central server."""

from sync.hq.server import run_hq

__all__ = ["run_hq"]
