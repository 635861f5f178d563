"""What the figures depend on, and nothing that tells whose machine it is."""

import os
import platform
from datetime import UTC, datetime

from pysqlite3 import sqlite_version


def facts() -> dict[str, str | float]:
    """The machine, the versions and how busy it was when the run began."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_bytes / 2**30, 1),
        "architecture": platform.machine(),
        "kernel": platform.release().split("-")[0],
        "python": platform.python_version(),
        "sqlite": sqlite_version,
        "load_before": round(os.getloadavg()[0], 2),
    }
