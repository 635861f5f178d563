"""What a line is told about its people: benches, labels, printers, and the operators' pages.

A packing bench fills cases of its own, prints their labels and reads them back::

    [[levels]]
    name = "case"
    capacity = 10
    by_scan = true                   # each bench fills its own
    partial = true                   # with leave: see edge_agent.core.people

    [levels.label]
    template = "case"                # labels/case.toml beside the configuration, or a built-in one
    printer = "zebra"
    sscc = { prefix = "6971234", extension = 0, first = 1, last = 999999 }

    [printers.zebra]
    url = "tcp://192.168.0.40:9100"
"""

from collections.abc import Collection, Mapping
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from drivers.stream import StreamUrl
from edge_agent.core.people import Permission
from edge_agent.core.sscc import SsccRange
from edge_agent.section import Name, Pattern, Section

Work = Literal["inline", "packing", "pallet", "layer", "rework", "supervisor"]
Language = Literal["zh_CN", "zh_TW", "en"]


class Sscc(Section):
    """A range of SSCCs that this line alone takes numbers from (GS1 General Specifications, 3.2).

    An SSCC is the extension digit, the GS1 company prefix, the serial reference, 17 digits
    together, and a check digit.
    """

    prefix: Annotated[str, Field(pattern=r"^\d{4,12}$")]
    """The GS1 company prefix."""
    extension: Annotated[int, Field(ge=0, le=9)] = 0
    first: Annotated[int, Field(ge=0)] = 1
    last: int

    def range(self) -> SsccRange:
        """As the core has it."""
        return SsccRange(self.prefix, self.extension, self.first, self.last)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        largest = 10 ** (16 - len(self.prefix)) - 1
        if not self.first <= self.last <= largest:
            raise ValueError(
                f"is {self.first} to {self.last}, expected the smaller first and none above "
                f"{largest}: prefix {self.prefix} leaves {16 - len(self.prefix)} digits"
            )
        return self


class Label(Section):
    """The label of a level's containers."""

    template: Name
    printer: Name
    sscc: Sscc | None = None
    """Where the code is made here. None: it is on the container already, or is scanned first."""
    verify: bool = True
    """The label must be scanned on its container: that closes it."""
    copies: Annotated[int, Field(ge=1, le=10)] = 1


class Pair(Section):
    """A second code on each thing, in another form: both name the same thing."""

    pattern: Pattern
    """Of the whole text; a group ``serial`` is its identity, else the whole text."""
    name: Annotated[str, Field(min_length=1, max_length=40)]
    """As people call it, e.g. 国家码."""


class Printer(Section):
    """A label printer that speaks ZPL II (Zebra, and most others)."""

    url: StreamUrl
    """``tcp://HOST:9100`` or ``serial:///dev/...?baud=9600``."""
    dpmm: Literal[6, 8, 12, 24] = 8
    poll_s: Annotated[float, Field(gt=0, le=60)] = 2
    """How often it is asked for its state (``~HS``)."""
    answer_ms: Annotated[int, Field(ge=50, le=10_000)] = 1_000
    """Silence longer than this is a fault: out of labels or ribbon, or the head is open."""


class People(Section):
    """Signing in."""

    required: bool = False
    """Nothing is packed at a bench unless somebody is signed in."""
    idle_sign_out_s: Annotated[int, Field(ge=10, le=86_400)] = 900
    four_eyes: frozenset[Permission] = frozenset()
    """What one who may do it can only do with a second person who may."""
    attempts: Annotated[int, Field(ge=1, le=100)] = 5
    """Wrong badges or PINs until a pause of `pause_s`."""
    pause_s: Annotated[int, Field(ge=1, le=3_600)] = 60


class Hmi(Section):
    """The operators' pages."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 8_480
    bind: str = "127.0.0.1"
    """Another address opens the pages to the network: then put TLS in front (docs/hmi.md)."""
    language: Language = "zh_CN"
    """Until somebody signs in who has another."""
    site: Annotated[str, Field(max_length=80)] = ""
    """The factory's name, on reports."""
    font: Path = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
    """For labels and PDF: a TrueType font with Chinese characters."""


def label_faults(labels: Mapping[str, Label], printers: Collection[str]) -> list[str]:
    """What is wrong between the labels of a line, by where each stands, and its printers."""
    faults = [
        f"{at}.printer is {label.printer!r}, expected one of {sorted(printers)} (printers)"
        for at, label in labels.items()
        if label.printer not in printers
    ]
    ranges = {f"{at}.sscc": label.sscc for at, label in labels.items() if label.sscc}
    for (at, one), (other_at, other) in combinations(ranges.items(), 2):
        shorter, longer = sorted((one.prefix, other.prefix), key=len)
        if one.extension == other.extension and longer.startswith(shorter):
            faults.append(
                f"{at} and {other_at} are of one extension and prefix, expected another extension "
                "for one of them: a scan must tell the level"
            )
    return faults
