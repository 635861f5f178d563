"""What the frames of one trigger bring together, until it is what was expected."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.evidence.picture import Picture
from edge_agent.camera.layer.reading import LayerReading
from edge_agent.camera.symbols import Reading, Symbol


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one frame, taken at `taken_us` (monotonic). `failure` says why there is no
    reading, `picture_fault` why there is no picture."""

    taken_us: int
    reading: Reading = field(default_factory=Reading)
    layer: LayerReading | None = None
    """With all earlier frames of the same trigger, where a layer is looked for."""
    decode_us: int = 0
    picture: Picture | None = None
    picture_fault: str = ""
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

    @property
    def outcome(self) -> Outcome | None:
        """The frame that the answer is about: whose picture goes with it."""
        ...

    def add(self, outcome: Outcome) -> None: ...

    def codes(self) -> list[ReadCode]:
        """All of them, if it is complete."""
        ...

    def why(self) -> str:
        """What is missing, if it is not."""
        ...


class ThingCodes:
    """The codes of one thing: `plan.expected` different ones. If there are more, some are another
    thing's, and nobody knows which: then there is no answer.

    One that is doubted is believed when a second frame shows it too, if frames are to agree.
    The answer is about the frame that shows most of its codes; of several, about the newest.
    """

    def __init__(self, plan: ReadingPlan) -> None:
        self._plan = plan
        self._read: dict[tuple[str, str], Symbol] = {}
        self._doubted: Counter[tuple[str, str]] = Counter()
        self._frames = 0
        self._failure = ""
        self.outcome: Outcome | None = None

    @property
    def is_complete(self) -> bool:
        return len(self._read) == self._plan.expected

    def add(self, outcome: Outcome) -> None:
        self._frames += 1
        self._failure = outcome.failure or self._failure
        if self.outcome is None or _shows(outcome) >= _shows(self.outcome):
            self.outcome = outcome
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
        if len(self._read) > self._plan.expected:
            due = f"{self._plan.expected} {'is' if self._plan.expected == 1 else 'are'}"
            parts.append(
                f"{len(self._read)} codes in view where {due} expected: another thing's? set region"
            )
        elif self._plan.expected > 1:
            parts.append(f"{len(self._read)} of {self._plan.expected} codes read in {frames}")
        elif self._frames:
            parts.append(f"nothing read in {frames}")
        if doubted := sorted({text for text, _ in self._doubted}):
            parts.append("seen, but not sure: " + ", ".join(doubted))
        if self._failure:
            parts.append(self._failure)
        return "; ".join(parts)


def _shows(outcome: Outcome) -> tuple[bool, int]:
    """How much of the answer a frame shows; one that was not decoded has no picture of it."""
    return not outcome.failure, len(outcome.texts)


class LayerCodes:
    """The codes of a layer: all of them, or none."""

    def __init__(self) -> None:
        self.reading: LayerReading | None = None
        """Of all frames so far."""
        self.outcome: Outcome | None = None
        self._failure = ""

    @property
    def is_complete(self) -> bool:
        return self.reading is not None and self.reading.complete

    def add(self, outcome: Outcome) -> None:
        self.reading = outcome.layer or self.reading
        is_shown = outcome.layer is not None and outcome.layer.shown_by == outcome.layer.frames
        if self.outcome is None or is_shown:
            self.outcome = outcome
        self._failure = outcome.failure or self._failure

    def codes(self) -> list[ReadCode]:
        read = self.reading.codes if self.reading else ()
        return [ReadCode(symbol.text, symbol.aim, cell) for symbol, cell in read]

    def why(self) -> str:
        missing = self.reading.why if self.reading else ""
        return "; ".join(filter(None, (missing, self._failure)))
