"""Views of one line with every kind of station, as a day brings them."""

from dataclasses import replace
from typing import Any

from edge_agent.core.commands import DECOMMISSION_REASONS, Command
from edge_agent.core.effects import Tone
from edge_agent.core.events import Reason, Sighting
from edge_agent.core.names import PersonId, Seq, StationName
from edge_agent.core.people import Person, Role
from edge_agent.core.saying import Saying, say
from edge_agent.views import (
    Box,
    DeviceView,
    GateView,
    LastRead,
    LineView,
    OrderView,
    ProductView,
    Prompt,
    StationView,
)

CONFIG = """
[line]
name = "line-1"
data_dir = "{dir}/data"
run_dir = "{dir}/run"

[hmi]
port = {port}

[[products]]
gtin = "06971234567802"

[[levels]]
name = "unit"
[[levels.codes]]
kind = "gs1"
requires = ["01", "21"]

[[levels]]
name = "case"
capacity = 24
[[levels.codes]]
kind = "gs1"
requires = ["00"]
pattern = '000\\d{{17}}'

[cameras.top]
expected = 24
[cameras.top.source]
kind = "folder"
path = "{dir}/pictures"
[cameras.top.decode]
formats = ["data-matrix"]
"""
WORKS = ("inline", "packing", "pallet", "layer", "rework", "supervisor")

GTIN = "06971234567802"
WANG = Person(PersonId("p1"), "王小红", Role.OPERATOR)
LI = Person(PersonId("p2"), "李主管", Role.SUPERVISOR)
AT = "2026-11-22T01:15:{second:02d}Z"
DEVICES = (
    DeviceView("扫码枪-1", "scanner", "up"),
    DeviceView("固定扫码", "scanner", "up"),
    DeviceView("PLC", "plc", "up"),
    DeviceView("相机", "camera", "connecting"),
    DeviceView("标签机", "printer", "up", waiting=1),
)


def station_keys() -> str:
    """The stations of the configuration."""
    return "".join(
        f'[devices.hand-{work}]\nkind = "scanner"\nurl = "tcp://127.0.0.1:9"\nsuffix = "\\r"\n'
        f'[[stations]]\nname = "{work}"\n'
        f'scanner = "{"top" if work == "layer" else f"hand-{work}"}"\n'
        f'reads = ["unit", "case"]\nwork = "{work}"\n'
        for work in WORKS
    )


def read(n: int, tone: Tone = Tone.GOOD, saying: Saying | None = None, **more: Any) -> LastRead:
    key = f"01{GTIN}21A{n:011d}"
    codes = {"text": rf"{key}\x1d10B2026-1122\x1d17281121", "key": key}
    return LastRead(n, AT.format(second=n % 60), tone, saying or say("good"), **{**codes, **more})


def duplicate(n: int) -> LastRead:
    return read(
        n,
        Tone.BAD,
        say("the code is in the layer twice"),
        reason=Reason.DUPLICATE,
        first=Sighting(Seq(412), "2026-11-22T00:58:02Z", StationName("packing")),
    )


def duplicate_at(work: str, n: int) -> StationView:
    return station(work, last=duplicate(n))


def case(count: int, capacity: int = 24, *, number: int = 7, **more: Any) -> Box:
    children = tuple(f"{index + 1:04d}" for index in range(count))
    return Box(number, "箱", capacity, count, children, **more)


def station(work: str, **more: Any) -> StationView:
    operations = tuple(duplicate(n) if n % 5 == 0 else read(n) for n in range(30, 18, -1))
    default: dict[str, Any] = {
        "name": work,
        "work": work,
        "levels": ("unit", "箱"),
        "signed_in": LI if work == "supervisor" else WANG,
        "last": read(31),
        "prompt": None,
        "boxes": (case(14),),
        "parked": (),
        "counters": {"accepted": 1_284, "rejected": 7, "closed": 53},
        "operations": operations,
    }
    if work == "inline":
        default["gate"] = GateView(True, None, None, (), 3)
    if work == "pallet":
        default["levels"] = ("箱", "托盘")
        default["boxes"] = (Box(3, "托盘", 40, 26, tuple(f"{i:04d}" for i in range(26)), 8),)
    if work == "layer":
        default["camera"] = "top"
    if work == "rework":
        default["boxes"] = ()
    return StationView(**{**default, **more})


def line(*stations: StationView, **more: Any) -> LineView:
    """The whole line; `stations` take the place of those of their name."""
    given = {each.name: each for each in stations}
    order = OrderView(
        "WO-20261122-03", GTIN, "B2026-1122", "2026-11-22", "2028-11-21", 4_800, 1_284, False
    )
    default: dict[str, Any] = {
        "line": "包装一线",
        "seq": 1_284,
        "at": AT.format(second=31),
        "halted": None,
        "shift": "2026-11-22/08:00",
        "order": order,
        "order_name": order.id,
        "orders": (order, replace(order, id="WO-20261122-04", batch="B2026-1123", done=0)),
        "products": (ProductView(GTIN, "清香型白酒 52度 500ml"),),
        "stations": tuple(given.get(work) or station(work) for work in WORKS),
        "devices": DEVICES,
        "hq_waiting": 37,
        "rejects": {"DUPLICATE": 4, "UNREAD": 2, "WRONG_PRODUCT": 1},
    }
    return LineView(**{**default, **more})


def asking(work: str) -> StationView:
    return station(
        work,
        last=read(32, Tone.ASK, say("scan the damaged thing")),
        prompt=Prompt(Command.REPLACE, say("scan the damaged thing"), 1, 2),
    )


HALTED = say("{path}: no room on the disk; free some, the line goes on", path="/var/ledger.db")
LONG = "超长名称" * 50
TROUBLESOME = (
    LONG,
    "<script>window.pwned = true</script><img src=x onerror='window.pwned=true'>",
    "منتج طويل جدا 123 אבג",
    "👩‍🏭🍶✅ emoji",
    "{name.__class__} %s ${window.pwned=true} `x`",
)
"""Names that people really give, and those that attackers do."""

STOPPED = GateView(True, None, say("too many rejects in a row"), ("bin-full",), 2)
REFUSED = GateView(False, say("there is no session with the PLC yet"), None, (), 0)


def deaf(work: str) -> LineView:
    """The station's scanner is unplugged after a good read."""
    away = DeviceView(f"hand-{work}", "scanner", "down", say("it is not plugged in"))
    return line(station(work, readers=(away.name,)), devices=(*DEVICES, *DEVICES, away))


def choosing(work: str) -> StationView:
    saying = say("choose the reason")
    choices = tuple((Command.DECOMMISSION, each) for each in DECOMMISSION_REASONS)
    prompt = Prompt(Command.DECOMMISSION, saying, 1, 2, choices)
    return station(work, last=read(32, Tone.ASK, saying), prompt=prompt)


def full(work: str) -> StationView:
    waiting = tuple(
        case(24, number=n, key=f"00069712340000000{n}5", label=label)
        for n, label in ((4, "printed"), (5, "printing"), (6, "failed"))
    )
    return station(
        work,
        last=read(
            31,
            Tone.FULL,
            say("closed {level} {key} with {count}", level="箱", key="0006…95", count=24),
        ),
        boxes=(*waiting, case(24, key="000697123400000075", label="printed")),
        parked=(case(9, number=2),),
    )


def refused(work: str) -> StationView:
    culprits = (
        say("{code} is moved", code="A00000000012"),
        say("{container} is being filled: close it first", container="箱 0006…95"),
        say("{code} was taken out of use for ever", code="A00000000013"),
    )
    return station(
        work,
        last=read(
            31,
            Tone.BAD,
            say("repaired: {operation}", operation="MERGE"),
            reason=Reason.REFUSED,
            culprits=culprits,
        ),
    )


def inquiry(work: str) -> StationView:
    saying = say("{state} in {container}", state="合格", container="箱 000697123400000075")
    return station(work, last=read(31, Tone.NOTE, saying))


def resting(work: str) -> LineView:
    empty = station(work, last=None, boxes=(), operations=(), signed_in=None)
    return line(empty, order=None, order_name="", orders=(), products=(), hq_waiting=None)


def named(name: str) -> LineView:
    """Where people or other systems may give any name, they gave `name`."""
    person = Person(PersonId("p1"), name, Role.OPERATOR)
    box = Box(7, name, 24, 14, tuple(name[:4] for _ in range(14)), key=name)
    troubled = station(
        "packing",
        signed_in=person,
        last=read(
            31, Tone.BAD, say("{code} is moved", code=name), reason=Reason.DUPLICATE, text=name
        ),
        boxes=(box,),
        prompt=Prompt(Command.MOVE, say("{code} is moved", code=name), 2, 3),
        operations=tuple(
            read(n, saying=say("{code} is moved", code=name)) for n in range(30, 20, -1)
        ),
    )
    order = OrderView(name[:100], GTIN, name[:20], "2026-11-22", "2028-11-21", 10, 5, False)
    return line(
        troubled,
        order=order,
        orders=(order,),
        products=(ProductView(GTIN, name),),
        devices=(
            DeviceView(name[:40], "scanner", "down", say("{code} is moved", code=name)),
            *DEVICES,
        ),
        halted=None,
    )
