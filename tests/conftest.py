"""What lets `make test` give the files to several workers, a file at a time."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes tells of the machine and its other workers, not of the code.
settings.register_profile(
    "tests", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")

LONG = (
    *("tests/simulate/", "tests/hmi/", "tests/sim/", "tests/sync/", "tests/line/"),
    "tests/commands/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: begun last, one would run alone."""

    def place(item: pytest.Item) -> int:
        return next((n for n, part in enumerate(LONG) if item.nodeid.startswith(part)), len(LONG))

    items.sort(key=place)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test's own directory, by a shorter name than pytest's: Unix sockets are made in it, whose
    paths have 107 bytes at most, and a worker's name is in the path too."""
    name = re.sub(r"\W", "_", request.node.name.removeprefix("test_"))
    return tmp_path_factory.mktemp(name[:16])
