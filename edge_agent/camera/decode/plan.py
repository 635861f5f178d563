"""What a camera is told to read: the part of its configuration that decoding needs."""

from dataclasses import dataclass
from typing import Literal

from edge_agent.camera.symbols import Format

Agreement = Literal["one", "engines", "frames"]


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """What is looked for in each picture, and when it is believed.

    `expected` symbols end the climb. With `alone` others in view are looked for as well, as far as
    the rung that found them goes, in each spot of a large picture; where one is expected, that
    takes longer. `rotated` and `inverted`: symbols may be turned by any angle, or light on dark.
    `agreement` is what an EAN or UPC needs that is not one of `gtins` (GTIN of 8, 12, 13 or 14
    digits); see edge_agent.camera.decode.agreement.
    """

    formats: tuple[Format, ...]
    expected: int = 1
    alone: bool = False
    rotated: bool = True
    inverted: bool = False
    agreement: Agreement = "one"
    gtins: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.formats:
            raise ValueError("formats is empty, expected at least one")
        if self.expected < 1:
            raise ValueError(f"expected is {self.expected}, expected 1 or more")
