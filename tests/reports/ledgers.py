"""Ledgers of a line whose day is known: what the reports must find in them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from edge_agent.config import LineConfig
from edge_agent.config_file import load_line
from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Armed,
    Closed,
    Commissioned,
    Disarmed,
    Edited,
    Ejected,
    Event,
    LabelFailed,
    LabelPrinted,
    LabelQueued,
    LabelVerified,
    Move,
    OrderChanged,
    Packed,
    Passed,
    Place,
    Reason,
    Rejected,
    Released,
    Resumed,
    Reworked,
    ReworkRefused,
    ShiftEnded,
    SignedIn,
    SignInRefused,
    StopCause,
    Stopped,
    Subject,
)
from edge_agent.core.labels import FAULTS
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    ItemNumber,
    JobId,
    LevelName,
    PersonId,
    StationName,
    format_utc,
    utc_us,
)
from edge_agent.core.people import Role
from edge_agent.core.states import State
from edge_agent.ledger.journal import Ledger, create_ledger

LINE, INFEED, BENCH = StationName("one"), StationName("infeed"), StationName("bench")
UNIT, CASE = LevelName("unit"), LevelName("case")
GTIN = "06971234567802"
CONFIG = """
[line]
name = "one"
data_dir = "{dir}"
run_dir = "{dir}"
time_zone = "{zone}"
{keys}
[hmi]
site = "深圳二厂"
[[products]]
gtin = "06971234567802"
name = "白葡萄酒 750 ml"
[[levels]]
name = "unit"
codes = [{{ kind = "gs1", requires = ["01", "21"] }}]
[[levels]]
name = "case"
capacity = 12
by_scan = true
codes = [{{ kind = "gs1", requires = ["00"] }}]
[levels.label]
template = "case"
printer = "zebra"
[printers.zebra]
url = "tcp://127.0.0.1:1"
[devices.belt]
kind = "scanner"
url = "tcp://127.0.0.1:1"
suffix = "\\r"
[devices.hand]
kind = "scanner"
url = "tcp://127.0.0.1:2"
suffix = "\\r"
[devices.plc]
kind = "modbus-tcp"
url = "tcp://127.0.0.1:3"
device_id = 1
[[stations]]
name = "infeed"
scanner = "belt"
reads = ["unit"]
[stations.gate]
plc = "plc"
read_window_ms = 60
min_spacing_ms = 120
[stations.gate.belt]
step = "encoder"
fastest_steps_per_s = 500
travel_steps = 400
hold_steps = 30
bounce_steps = 15
spacing_steps = 60
[[stations]]
name = "bench"
scanner = "hand"
reads = ["unit", "case"]
"""


def line_of(
    directory: Path, keys: str = 'shifts = ["08:00", "20:00"]', zone: str = "Asia/Shanghai"
) -> LineConfig:
    """A line with a gate and a packing bench whose files are in `directory`."""
    path = directory / "one.toml"
    path.write_text(CONFIG.format(dir=directory, keys=keys, zone=zone), encoding="utf-8")
    return load_line(str(path))


def write(config: LineConfig, events: Iterable[Event]) -> None:
    """A new ledger of `config` with `events`."""
    create_ledger(config.ledger_path)
    ledger = Ledger(config.ledger_path)
    with ledger.transaction():
        ledger.append(list(events))
    ledger.close()


def passing(at: str, number: int) -> list[Event]:
    """Item `number` passes the gate and is packed."""
    key = CodeKey(f"(01){GTIN}(21)A{number:011}")
    return [
        Commissioned(at=at, station=INFEED, key=key, level=UNIT, text=f"01{GTIN}21A{number:011}",
                     item=ItemNumber(number), gtin=GTIN, serial=f"A{number:011}", lot="L1"),
        Passed(at=at, station=INFEED, item=ItemNumber(number), key=key),
    ]  # fmt: skip


def ejecting(at: str, number: int, reason: Reason) -> list[Event]:
    """Item `number` is rejected, and kept out."""
    item = ItemNumber(number)
    return [
        Rejected(at=at, station=INFEED, reason=reason, detail="of a test", item=item),
        Ejected(at=at, station=INFEED, item=item, key=None, reason=reason),
    ]


def stopped(at: str, cause: StopCause) -> Stopped:
    return Stopped(at=at, station=INFEED, cause=cause, detail="of a test")


def released(at: str, by: str = "p2", why: str = "mended") -> Released:
    return Released(at=at, station=INFEED, by=by, why=why)


def order(order_id: str, at: str, target: int = 0, **values: str) -> Edited:
    new = {"gtin": GTIN, "batch": "L1", "target": str(target) if target else "", **values}
    return Edited(
        at=at, station=LINE, subject=Subject.ORDER, id=order_id, old=None, new=new, by=None, why=""
    )


def later(at: str, seconds: float) -> str:
    return format_utc(utc_us(at) + round(seconds * 1e6))


def busy_shift(
    begin: str, hours: float = 12, spacing_s: float = 4, seed: int = 1
) -> Iterator[Event]:
    """A shift as it might be: mostly good things, rejects of all kinds, stops, repairs, labels."""
    random = Random(seed)
    yield from _sign_ins(begin)
    yield Armed(at=begin, station=INFEED, last_item=ItemNumber(0), boot=1, detail="a test")
    seconds, number, changed = 5.0, 0, False
    while seconds < hours * 3600 - 10:
        at = later(begin, seconds)
        number += 1
        if random.random() < 0.0012:
            yield stopped(at, random.choice(CAUSES))
            seconds += random.uniform(40, 900)
            yield released(later(begin, seconds), why="清空剔除箱")
        elif random.random() < 0.022:
            yield from ejecting(at, number, random.choice(REASONS))
        else:
            yield from passing(at, number)
            yield from _pack(at, number, random)
        if random.random() < 0.004:
            reason = random.choice([Reason.WRONG_LABEL, Reason.ALREADY_PACKED, Reason.DUPLICATE])
            yield Rejected(at=at, station=BENCH, reason=reason, detail="of a test")
        if not changed and seconds > hours * 2000:
            changed = True
            yield from _change_over(later(begin, seconds + 1), number)
            seconds += 100
        seconds += spacing_s * random.uniform(0.7, 1.5)


OPERATOR, SUPERVISOR = PersonId("p1"), PersonId("p2")
CAUSES = (
    StopCause.BIN_FULL, StopCause.REJECTS_IN_A_ROW, StopCause.AIR_LOW, StopCause.UNCONFIRMED,
)  # fmt: skip
REASONS = (
    *[Reason.UNREAD] * 9, *[Reason.DUPLICATE] * 4, *[Reason.WRONG_PRODUCT] * 2, Reason.MALFORMED,
    Reason.LATE, Reason.NOT_ISSUED, Reason.AMBIGUOUS, Reason.WRONG_BATCH,
)  # fmt: skip


def signed_in(at: str, station: StationName, person: PersonId, name: str, role: Role) -> SignedIn:
    return SignedIn(at=at, station=station, person=person, name=name, role=role, how="badge")


def _sign_ins(begin: str) -> Iterator[Event]:
    yield order("4711", later(begin, -3600), 9000, made="2026-11-22", expiry="2029-11-21")
    yield order("4712", later(begin, -3600), 6000, batch="L2")
    yield signed_in(begin, BENCH, OPERATOR, "王小明", Role.OPERATOR)
    yield signed_in(begin, INFEED, SUPERVISOR, "李主管", Role.SUPERVISOR)
    yield SignInRefused(
        at=begin,
        station=BENCH,
        person=None,
        how="badge",
        why="nobody has this badge: ask a supervisor for a new one",
    )
    yield OrderChanged(at=begin, station=LINE, order="4711", by=SUPERVISOR)


def _change_over(at: str, number: int) -> Iterator[Event]:
    later_at = later(at, 95)
    yield ReworkRefused(
        at=at, station=BENCH, operation=Command.MERGE, by=OPERATOR, culprits=("full",)
    )
    yield Disarmed(at=at, station=INFEED, detail="the cable was pulled")
    item = ItemNumber(number)
    yield Armed(at=later_at, station=INFEED, last_item=item, boot=1, detail="")
    yield OrderChanged(at=later_at, station=LINE, order="4712", by=SUPERVISOR)
    yield Resumed(
        at=later_at,
        station=LINE,
        detail="/data/ledger.db: no room on the disk; free some, the line goes on",
        refused_reads=7,
    )


def _pack(at: str, number: int, random: Random) -> Iterator[Event]:
    case, key = ContainerId((number - 1) // 12 + 1), CodeKey(f"(01){GTIN}(21)A{number:011}")
    yield Packed(
        at=at, station=BENCH, key=key, level=UNIT, container=case, container_level=CASE,
        bench=BENCH, by=OPERATOR,
    )  # fmt: skip
    if number % 12:
        return
    sscc, job = CodeKey(f"(00){case:018}"), JobId(case)
    first = LabelQueued(
        at=at, station=BENCH, job=job, printer="zebra", template="case", level=CASE,
        container=case, key=sscc, fields={}, copy=1,
    )  # fmt: skip
    yield first
    yield LabelPrinted(at=at, station=BENCH, job=job)
    yield Commissioned(at=at, station=BENCH, key=sscc, level=CASE, text=f"00{case:018}")
    yield LabelVerified(at=at, station=BENCH, job=job, key=sscc)
    yield Closed(
        at=at, station=BENCH, key=sscc, level=CASE, container=case, children=(key,), by=OPERATOR
    )
    if random.random() < 0.03:
        yield LabelFailed(at=at, station=BENCH, job=job, detail=str(FAULTS["silent"]))
        again = JobId(10_000 + case)
        yield replace(first, job=again, copy=2, reprint_of=job, by=OPERATOR, why="标签撕坏")
    if random.random() < 0.05:
        operation = random.choice([Command.REPLACE, Command.UNDO, Command.REMOVE])
        yield repaired(at, operation, random.choice([OPERATOR, SUPERVISOR]), key)


def repaired(
    at: str, operation: Command, by: PersonId, key: CodeKey, why: str = "damaged"
) -> Reworked:
    """`key` is taken out of use if `operation` is one that does."""
    ends = operation in (Command.REPLACE, Command.DECOMMISSION)
    after = Place(State.DECOMMISSIONED if ends else State.ACTIVE)
    move = Move(key, UNIT, Place(State.PACKED, ContainerId(1)), after)
    return Reworked(at=at, station=BENCH, operation=operation, by=by, why=why, moves=(move,))


def ended(at: str, shift: str, differences: int = 0) -> ShiftEnded:
    """An account with 1,000 items, of which 10 were rejected; `differences` of them not seen."""
    counts = {
        "carried_over": 2, "triggers": 1000, "passes": 988, "rejects": 10, "taken_off": 1,
        "ejected_unasked": 0, "untracked": 0, "lost": 0, "on_belt": 3,
        "confirmed": 10 - differences, "not_confirmed": differences, "escaped": 0, "packed": 988,
        "in_open_before": 4, "in_closed": 984, "in_open": 8, "strays": 0, "rejects.UNREAD": 10,
    }  # fmt: skip
    return ShiftEnded(at=at, station=INFEED, shift=shift, counts=counts, differences=differences)
