"""What the line shows to people, as it goes over its control socket to the pages.

The command ``watch`` is answered with one JSON line after another: the whole view whenever
something changed, and at least every BEAT_S, so that a silence means that the line is away. The
newest view only: a slow reader misses those between. `to_json` and `from_json` are its two ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from edge_agent.core.dialog import Prompt as Prompt  # noqa: PLC0414 the pages take it here
from edge_agent.core.effects import Tone
from edge_agent.core.events import Reason, Sighting
from edge_agent.core.people import Person
from edge_agent.core.saying import Saying

BEAT_S = 0.5
AWAY_S = 1.5
"""A page that heard nothing for so long must not show anything as true."""
CELLS = 500
"""Children of a container that are shown one by one."""


@dataclass(frozen=True, slots=True)
class LastRead:
    """What was read or asked last at a station, and what became of it. `n` grows with each, so that
    two alike are told apart; `at` is RFC 3339, UTC."""

    n: int
    at: str
    tone: Tone
    saying: Saying
    reason: Reason | None = None
    key: str | None = None
    text: str | None = None
    first: Sighting | None = None
    culprits: tuple[Saying, ...] = ()
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A container at a station. `children` are the last characters of each child's serial, in the
    order of packing; `key` is its code. `label` is the state of its label: ``printing``,
    ``printed`` (to be scanned) or ``failed``; empty where there is none."""

    id: int
    level: str
    capacity: int
    count: int
    children: tuple[str, ...]
    per_layer: int | None = None
    key: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class GateView:
    """`refusal` is why a gate that is not armed is not."""

    armed: bool
    refusal: Saying | None
    stopped: Saying | None
    conditions: tuple[str, ...]
    pending: int


@dataclass(frozen=True, slots=True)
class StationView:
    """One station. `counters` since the shift or the order began: accepted, rejected, closed, by
    name. `operations` are the last reads and commands, newest first. `boxes` is what is filled, or
    full and waiting for its code, oldest first; `parked` what was put aside."""

    name: str
    work: str
    levels: tuple[str, ...]
    signed_in: Person | None
    last: LastRead | None
    prompt: Prompt | None
    boxes: tuple[Box, ...]
    parked: tuple[Box, ...]
    counters: Mapping[str, int]
    operations: tuple[LastRead, ...]
    gate: GateView | None = None
    camera: str | None = None
    """The name of the camera whose pictures are shown."""
    readers: tuple[str, ...] = ()
    """The devices that read here. The first is the station's own, without which it sees nothing."""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device. `link` is up, connecting or down; `role` scanner, camera, plc or printer; `fault`
    why it does not work, with the mend."""

    name: str
    role: str
    link: str
    fault: Saying | None = None
    waiting: int = 0
    """Print jobs, for a printer."""


@dataclass(frozen=True, slots=True)
class ProductView:
    gtin: str
    name: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """A work order; dates are ISO 8601. `done` is how many of the lowest level were accepted."""

    id: str
    gtin: str
    batch: str
    made: str
    expiry: str
    target: int
    done: int
    ended: bool


@dataclass(frozen=True, slots=True)
class LineView:
    """Everything the pages show of one moment. `halted` says why nothing is recorded; `hq_waiting`
    is the number of events that HQ has not acknowledged, None where there is no HQ or nobody knows.
    """

    line: str
    seq: int
    at: str
    halted: Saying | None
    shift: str
    order: OrderView | None
    order_name: str
    orders: tuple[OrderView, ...]
    products: tuple[ProductView, ...]
    stations: tuple[StationView, ...]
    devices: tuple[DeviceView, ...]
    hq_waiting: int | None
    secret_codes: bool = False
    rejects: Mapping[str, int] = field(default_factory=dict)
    """By reason, since the shift began."""


_VIEW = TypeAdapter(LineView)


def to_json(view: LineView) -> dict[str, Any]:
    """`view` as plain JSON values."""
    plain: dict[str, Any] = _VIEW.dump_python(view, mode="json")
    return plain


def to_line(view: LineView) -> bytes:
    """`view` as one line of JSON, without its end."""
    return _VIEW.dump_json(view)


def from_json(plain: dict[str, Any]) -> LineView:
    """The view that `to_json` wrote. Raises ValueError (pydantic's) for anything else."""
    return _VIEW.validate_python(plain)
