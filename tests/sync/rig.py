"""Real parts for the sync tests: ledgers in files, and HQ as a process of its own."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import requests
import uvicorn
from biip.checksums import gs1_standard_check_digit

from edge_agent.core.chain import link
from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Armed,
    BeltUnknown,
    Closed,
    Commissioned,
    Condition,
    ConditionsChanged,
    Disarmed,
    Edited,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    LabelFailed,
    LabelPrinted,
    LabelQueued,
    LabelVerified,
    Move,
    Opened,
    OrderChanged,
    Packed,
    Parked,
    Passed,
    PictureLost,
    Place,
    Reason,
    Rejected,
    Released,
    Resumed,
    Reworked,
    ReworkRefused,
    ShiftEnded,
    SignedIn,
    SignedOut,
    SignInRefused,
    StopCause,
    Stopped,
    Stray,
    Subject,
    TakenOff,
    Untracked,
)
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    ItemNumber,
    JobId,
    LevelName,
    PersonId,
    StationName,
)
from edge_agent.core.people import Role
from edge_agent.core.states import State
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.ledger.reader import LedgerReader
from edge_agent.sqlite import connect
from sync.drain import Drain, SyncReport
from sync.hq.server import create_app
from sync.hq.tokens import add_token
from sync.outbox import Outbox, read_progress
from sync.uploader import Uploader
from sync.wire import Caps
from tests.ports import free_port

AGENT = "line-1"
AT = "2026-11-21T08:15:00.000Z"
UNIT, CASE, PALLET = LevelName("unit"), LevelName("case"), LevelName("pallet")


class Hq:
    """An HQ on a socket of 127.0.0.1, started and ended, always with the same data."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = add_token(data_dir, AGENT, AT)

    def start(self, **caps: int) -> None:
        """Start it; with `caps`, as an HQ that takes less than this version's."""
        app = create_app(self.data_dir, Caps(**caps))
        config = uvicorn.Config(app, port=self.port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        self._await_health(self._thread.is_alive)

    def end(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def _await_health(self, is_running: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                if requests.get(self.url + "/health", timeout=5).ok:
                    return
            except requests.ConnectionError:
                pass
            assert is_running(), "HQ ended at once"
            assert time.monotonic() < deadline, "HQ does not answer"
            time.sleep(0.02)

    def count_batches(self) -> int:
        """Batches whose transaction is on disk, read from HQ's file."""
        connection = connect(self.data_dir / "hq.db", read_only=True)
        try:
            return int(connection.execute("SELECT count(*) FROM receipt").fetchone()[0])
        finally:
            connection.close()

    def get(self, path: str, **params: Any) -> Any:
        response = requests.get(self.url + path, params=params, headers=self.headers, timeout=10)
        response.raise_for_status()
        return response.json()

    def post(self, path: str, data: bytes) -> requests.Response:
        return requests.post(self.url + path, data=data, headers=self.headers, timeout=10)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def events(self) -> list[tuple[int, str]]:
        return [(e["seq"], e["body"]) for e in self._pages("events", 0)]

    def tree(self) -> list[dict[str, Any]]:
        return self._pages("tree", "")

    def containers(self) -> list[dict[str, Any]]:
        return self._pages("containers", -1)

    def _pages(self, what: str, after: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while after is not None:
            page = self.get(f"/agents/{AGENT}/{what}", after=after, limit=1_000)
            found += page[what if what != "tree" else "nodes"]
            after = page["next"]
        return found


class HqProcess(Hq):
    """An HQ that can be killed: a process of its own, started as the command starts it."""

    _process: subprocess.Popen[bytes] | None = None

    def start(self, **caps: int) -> None:
        assert not caps
        program = (
            "import sys; from pathlib import Path; from sync.hq import run_hq; "
            "run_hq(Path(sys.argv[1]), port=int(sys.argv[2]))"
        )
        self._process = process = subprocess.Popen(
            [sys.executable, "-c", program, str(self.data_dir), str(self.port)]
        )
        self._await_health(lambda: process.poll() is None)

    def end(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None


class Line:
    """A line's ledger and outbox in files, and one sync pass after another."""

    def __init__(self, directory: Path, url: str, token: str) -> None:
        self.ledger_path = directory / "ledger.db"
        self.outbox_path = directory / "sync.db"
        self.url, self.token = url, token
        create_ledger(self.ledger_path)

    def write(self, events: Sequence[Event]) -> None:
        with closing(Ledger(self.ledger_path)) as ledger, ledger.transaction():
            ledger.append(events)

    def seed(self, bodies: Sequence[str]) -> None:
        """Put rows into the ledger as another version of the line might have written them."""
        connection = connect(self.ledger_path)
        with LedgerReader(self.ledger_path) as reader:
            seq, value = reader.head()
        for body in bodies:
            seq += 1
            value = link(value, seq, body)
            connection.execute("INSERT INTO journal VALUES (?, ?, ?)", (seq, body, value))
        connection.close()

    def status(self) -> dict[str, Any]:
        return read_progress(self.outbox_path)

    def sync(self, *, batch_events: int = 5_000, **options: Any) -> SyncReport:
        with (
            LedgerReader(self.ledger_path) as ledger,
            Outbox(self.outbox_path) as outbox,
            Uploader(self.url, self.token, timeout_s=5) as uploader,
        ):
            drain = Drain(AGENT, ledger, outbox, uploader, batch_events=batch_events)
            return drain.run(**options)

    def agrees_with(self, hq: Hq) -> None:
        """Assert that HQ holds this line's journal, tree and containers."""
        assert self.rows() == hq.events()
        assert self.tree() == [
            (n["key"], n["level"], n["state"], n["inside"], n["holds"]) for n in hq.tree()
        ]
        with LedgerReader(self.ledger_path) as ledger:
            assert [(c.id, c.level, c.key, c.closed_seq, c.state) for c in ledger.containers()] == [
                (c["id"], c["level"], c["key"], c["closed_seq"], c["state"])
                for c in hq.containers()
            ]

    def rows(self) -> list[tuple[int, str]]:
        with LedgerReader(self.ledger_path) as ledger:
            return [(row.seq, row.body) for row in ledger.rows(0, 1_000_000)]

    def tree(self) -> list[tuple[Any, ...]]:
        with LedgerReader(self.ledger_path) as ledger:
            return [(n.key, n.level, n.state, n.inside, n.holds) for n in ledger.nodes()]


def packing(
    units: int, *, per_case: int = 4, cases_per_pallet: int = 3, first: int = 1
) -> list[Event]:
    """What a line writes while it packs `units` products, with a duplicate at every seventh."""
    station = StationName("in-feed")
    events: list[Event] = []
    case, pallet = ContainerId(2 * first + 1), ContainerId(2 * first)
    in_case: list[CodeKey] = []
    in_pallet: list[CodeKey] = []
    for number in range(first, first + units):
        key = CodeKey(f"010690123456789221S{number:07}")
        item = ItemNumber(number)
        events += [
            Commissioned(at=AT, station=station, key=key, level=UNIT, text=f"{key}\x1d10LOT",
                         item=item, gtin="06901234567892", serial=f"S{number:07}", lot="LOT"),
            Passed(at=AT, station=station, item=item, key=key),
            Packed(at=AT, station=station, key=key, level=UNIT, container=case,
                   container_level=CASE),
        ]  # fmt: skip
        in_case.append(key)
        if number % 7 == 0:
            events.append(
                Rejected(at=AT, station=station, reason=Reason.DUPLICATE, detail="seen", key=key)
            )
        if len(in_case) == per_case:
            events += _closed(case, CASE, 0, tuple(in_case))
            in_case = []
            named = CodeKey(events[-1].key)  # type: ignore[attr-defined]
            events.append(Packed(at=AT, station=station, key=named, level=CASE, container=pallet,
                                 container_level=PALLET))  # fmt: skip
            in_pallet.append(named)
            case = ContainerId(case + 2)
        if len(in_pallet) == cases_per_pallet:
            events += _closed(pallet, PALLET, 1, tuple(in_pallet))
            in_pallet = []
            pallet = ContainerId(pallet + 2)
    return events


def _closed(
    container: ContainerId, level: LevelName, extension: int, children: tuple[CodeKey, ...]
) -> list[Event]:
    body = f"{extension}6901234{container:09}"
    key = CodeKey(f"00{body}{gs1_standard_check_digit(body)}")
    station = StationName("packing")
    return [
        Commissioned(at=AT, station=station, key=key, level=level, text=key),
        Closed(at=AT, station=station, key=key, level=level, container=container,
               children=children),
    ]  # fmt: skip


GATE_FATES = ("ejected", "ejected_unasked", "eject_failed", "taken_off", "untracked")
"""What else than passing may become of an accepted item."""


def fated(kind: str) -> CodeKey:
    """The code of the item that in `every_kind` ends as `kind`."""
    return CodeKey(f"010690123456789221F{GATE_FATES.index(kind)}")


def every_kind() -> list[Event]:
    """A shift in which each kind of event happens, and each fate to an accepted item."""
    where: dict[str, Any] = {"at": AT, "station": StationName("in-feed")}
    items = {
        kind: {**where, "item": ItemNumber(100 + number), "key": fated(kind)}
        for number, kind in enumerate(GATE_FATES)
    }
    late = Reason.LATE
    return [
        OrderChanged(at=AT, station=StationName(AGENT), order="4711"),
        Armed(**where, last_item=ItemNumber(0), boot=1, detail="first contact"),
        *packing(5),
        *(Commissioned(**each, level=UNIT, text=each["key"]) for each in items.values()),
        Ejected(**items["ejected"], reason=late),
        EjectedUnasked(**items["ejected_unasked"]),
        EjectFailed(**items["eject_failed"], reason=late),
        TakenOff(**items["taken_off"]),
        Untracked(**items["untracked"], detail="its answer was overwritten"),
        Rejected(**where, reason=Reason.UNREAD, detail="no read", item=ItemNumber(105)),
        TakenOff(**where, item=ItemNumber(105), key=None),
        Stray(**where, where="gate", count=2),
        ConditionsChanged(**where, on=(Condition.AIR_LOW, Condition.BIN_FULL)),
        Stopped(**where, cause=StopCause.BIN_FULL, detail="the contact reports bin-full"),
        Released(**where, by="Li Wei", why="bin emptied"),
        Disarmed(**where, detail="the PLC does not answer"),
        BeltUnknown(
            **where, first_item=ItemNumber(106), last_item=ItemNumber(107), detail="not watched"
        ),
        ShiftEnded(**where, shift="2026-11-21/08:00", counts={"passes": 5}, differences=1),
        Resumed(at=AT, station=StationName(AGENT), detail="no room", refused_reads=3),
        Rejected(**where, reason=Reason.MALFORMED, detail="?", text="?", picture="5e" * 32),
        PictureLost(**where, picture="5e" * 32, why="the disk is full"),
        *at_a_bench(),
    ]


def at_a_bench() -> list[Event]:
    """What a person does: signs in, packs a case that has its code first, and repairs it."""
    where: dict[str, Any] = {"at": AT, "station": StationName("bench")}
    li, wang = PersonId("li"), PersonId("wang")
    one, two, three = (CodeKey(f"010690123456789221B{number}") for number in (1, 2, 3))
    case: dict[str, Any] = {"level": CASE, "container": ContainerId(900)}
    named = CodeKey("00669012340000009008")
    packed = Place(State.PACKED, ContainerId(900), named)
    unpacked, gone = Place(State.ACTIVE), Place(State.DECOMMISSIONED)
    sampled = Place(State.SAMPLED)
    label: dict[str, Any] = {
        **where, **case, "printer": "zebra", "template": "case", "key": named,
        "fields": {"product": "奶粉", "count": "2"},
    }  # fmt: skip
    rework: dict[str, Any] = {**where, "by": li, "why": "as asked"}
    return [
        SignInRefused(**where, person=None, how="badge", why="nobody has it"),
        SignedIn(**where, person=li, name="李伟", role=Role.OPERATOR, how="pin", language="zh_CN"),
        Edited(
            at=AT, station=StationName(AGENT), subject=Subject.PRODUCT, id="06901234567892",
            old=None, new={"name": "奶粉"}, by=wang, why="new",
        ),
        Commissioned(**where, key=one, level=UNIT, text=one, also=CodeKey("state:B1")),
        Commissioned(**where, key=two, level=UNIT, text=two),
        Commissioned(**where, key=named, level=CASE, text=named),
        Opened(**where, **case, key=named, bench=where["station"], reopened=False, children=()),
        *(
            Packed(**where, key=key, level=UNIT, container=ContainerId(900), container_level=CASE,
                   bench=where["station"], gtin="06901234567892", by=li)
            for key in (one, two)
        ),
        Parked(**where, **case, parked=True, bench=None, by=li),
        Parked(**where, **case, parked=False, bench=where["station"], by=li),
        LabelQueued(**label, job=JobId(1), copy=1, range="0690123", number=900, by=li),
        LabelFailed(**where, job=JobId(1), detail="nobody knows whether it came out"),
        LabelQueued(**label, job=JobId(2), copy=2, reprint_of=JobId(1), by=li, why="torn"),
        LabelPrinted(**where, job=JobId(2)),
        LabelQueued(
            **{**label, "container": None, "key": "sample"}, job=JobId(3), copy=0, by=li,
            why="to test the printer",
        ),
        LabelVerified(**where, job=JobId(2), key=named),
        Closed(**where, **case, key=named, children=(one, two), by=li, approved_by=wang),
        Commissioned(**where, key=three, level=UNIT, text=three),
        Reworked(
            **rework, operation=Command.REPLACE, approved_by=wang,
            moves=(Move(one, UNIT, packed, gone), Move(three, UNIT, unpacked, packed)),
        ),
        Reworked(**rework, operation=Command.SAMPLE, moves=(Move(two, UNIT, packed, sampled),)),
        Reworked(**rework, operation=Command.RETURN, moves=(Move(two, UNIT, sampled, unpacked),)),
        ReworkRefused(**where, operation=Command.ADD, by=li, culprits=("the case is full",)),
        Opened(**where, **case, key=named, bench=where["station"], reopened=True,
               children=(three,), by=li),
        SignedOut(**where, person=li, why="idle"),
    ]  # fmt: skip
