"""The order of the whole run. `make test` gives the files to several workers in this order, a file
at a time: a long one begun last would run alone."""

import pytest

LONG = (
    *("tests/e2e/", "tests/simulate/", "tests/hmi/", "tests/sim/", "tests/sync/", "tests/line/"),
    *("tests/camera/", "tests/commands/", "tests/recorder/"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((n for n, part in enumerate(LONG) if item.nodeid.startswith(part)), len(LONG))

    items.sort(key=place)
