"""Pictures whose verdict is not known yet, in memory."""

from collections import OrderedDict
from threading import Lock

from edge_agent.camera.evidence.picture import Picture

REMEMBERED = 10_000
"""Names of pictures that gave way, so that it can be told why one is lost."""


class Waiting:
    """At most `limit_bytes` of pictures; the oldest give way to new ones. For any thread.

    Which pictures nothing refers to is never known for sure, so none is forgotten before its turn.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._lock = Lock()
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._bytes = 0
        self._gone: OrderedDict[str, None] = OrderedDict()
        self.gave_way = 0
        """Pictures that had to make room for others. Most of them were of no reject."""

    def hold(self, picture: Picture) -> None:
        """Remember `picture` as the newest."""
        with self._lock:
            self._drop(picture.sha256)
            self._pictures[picture.sha256] = picture
            self._bytes += len(picture.data)
            while self._bytes > self._limit:
                self._give_way(next(iter(self._pictures)))

    def take(self, sha256: str) -> Picture | None:
        """The picture, which waits no longer; None if it is not here."""
        with self._lock:
            return self._drop(sha256)

    def had(self, sha256: str) -> bool:
        """Whether the picture was here and gave way, as far as is remembered."""
        with self._lock:
            return sha256 in self._gone

    def facts(self) -> dict[str, int]:
        """For the role's status, as JSON values."""
        with self._lock:
            return {
                "waiting": len(self._pictures),
                "waiting_bytes": self._bytes,
                "gave_way": self.gave_way,
            }

    def _drop(self, sha256: str) -> Picture | None:
        picture = self._pictures.pop(sha256, None)
        if picture is not None:
            self._bytes -= len(picture.data)
        return picture

    def _give_way(self, sha256: str) -> None:
        self._drop(sha256)
        self.gave_way += 1
        self._gone[sha256] = None
        if len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)
