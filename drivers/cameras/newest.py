"""The newest of what comes, for who may be slow."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Newest(Generic[Item]):
    """Calls `take` again and again in a thread of its own, and keeps the last that it gave.

    So who falls behind gets what is new, not ever older pictures from the buffers between. None is
    a miss: it takes no picture's place, and is told before the next is taken. `passed` is called
    for each picture that gave way to a newer one.
    """

    def __init__(self, take: Callable[[], Item | None], passed: Callable[[], None]) -> None:
        self._take, self._passed = take, passed
        self._changed = threading.Condition()
        self._item: Item | None = None
        self._is_miss = False
        self._error: Exception | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="newest", daemon=True)
        self._thread.start()

    def get(self) -> Item | None:
        """The newest that was not given yet, when there is one. Raises what `take` raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._is_miss or self._error)
            item, self._item = self._item, None
            if item is None and self._error is not None:
                raise self._error
            if item is None:
                self._is_miss = False
            self._changed.notify_all()
            return item

    def stop(self) -> None:
        """Returns when `take` has."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            try:
                item = self._take()
            except Exception as error:  # noqa: BLE001 `get` raises it, in the thread that asks
                item, self._error = None, error
            with self._changed:
                if item is None:
                    self._is_miss = True
                else:
                    if self._item is not None:
                        self._passed()
                    self._item = item
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._is_miss or self._stopping)
            if self._error is not None:
                return
