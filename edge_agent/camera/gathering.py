"""What the frames of one trigger bring together, until it is what was expected."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.evidence.picture import Picture
from edge_agent.camera.symbols import Reading, Symbol


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one frame, taken at `taken_us` (monotonic). `failure` says why there is no
    reading."""

    taken_us: int
    reading: Reading = Reading()  # noqa: RUF009 frozen, and empty
    picture: Picture | None = None
    failure: str = ""

    @property
    def texts(self) -> frozenset[str]:
        return frozenset(symbol.text for symbol in self.reading.symbols)


class ReadCode(NamedTuple):
    """One code of an answer: its text, its AIM identifier, its place in a layer."""

    text: str
    aim: str
    cell: str = ""


class Gathering(Protocol):
    """Of one trigger."""

    @property
    def is_complete(self) -> bool: ...

    def add(self, outcome: Outcome) -> None: ...

    def codes(self) -> list[ReadCode]:
        """All of them, if it is complete."""
        ...

    def why(self) -> str:
        """What is missing, if it is not."""
        ...


class ThingCodes:
    """The codes of one thing: `plan.expected` different ones.

    One that is doubted is believed when a second frame shows it too, if frames are to agree.
    """

    def __init__(self, plan: ReadingPlan) -> None:
        self._plan = plan
        self._read: dict[tuple[str, str], Symbol] = {}
        self._doubted: Counter[tuple[str, str]] = Counter()
        self._frames = 0
        self._failure = ""

    @property
    def is_complete(self) -> bool:
        return len(self._read) >= self._plan.expected

    def add(self, outcome: Outcome) -> None:
        self._frames += 1
        self._failure = outcome.failure or self._failure
        for symbol in outcome.reading.symbols:
            self._read.setdefault((symbol.text, symbol.aim), symbol)
        doubted = {(symbol.text, symbol.aim): symbol for symbol in outcome.reading.doubted}
        self._doubted.update(doubted.keys())
        if self._plan.agreement == "frames":
            agreed = {key: symbol for key, symbol in doubted.items() if self._doubted[key] > 1}
            self._read = agreed | self._read

    def codes(self) -> list[ReadCode]:
        return [ReadCode(symbol.text, symbol.aim) for symbol in self._read.values()]

    def why(self) -> str:
        frames = "1 frame" if self._frames == 1 else f"{self._frames} frames"
        parts = []
        if self._plan.expected > 1:
            parts.append(f"{len(self._read)} of {self._plan.expected} codes read in {frames}")
        elif self._frames:
            parts.append(f"nothing read in {frames}")
        if doubted := sorted({text for text, _ in self._doubted}):
            parts.append("seen, but not sure: " + ", ".join(doubted))
        if self._failure:
            parts.append(self._failure)
        return "; ".join(parts)
