"""The stations' side of the line role, in its own process: scans on ptys, views and commands on the
control socket."""

import json
import re
import socket
from asyncio import to_thread
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent import control
from edge_agent.control import ControlError, ask
from edge_agent.ledger.journal import create_ledger
from edge_agent.people.secrets import badge_digest, hash_pin, new_badge
from edge_agent.people.store import read_people
from edge_agent.views import LineView, StationView, from_json
from tests.drivers.counterparts import Cable
from tests.line.conftest import LineProcess, sscc, unit

HALL = """
[line]
name = "hall"
data_dir = "{dir}/data"
run_dir = "{dir}/run"
[[products]]
gtin = "06971234567802"
name = "Tea"
[[levels]]
name = "unit"
[[levels.codes]]
kind = "gs1"
requires = ["01", "21"]
[[levels]]
name = "case"
capacity = 3
by_scan = true
partial = true
[[levels.codes]]
kind = "gs1"
requires = ["00"]
[people]
required = {required}
attempts = 3
pause_s = 3600
[devices.bench-scanner]
kind = "scanner"
url = "serial://{dir}/bench"
suffix = "\\n"
accept = "ACK\\n"
reject = "NAK\\n"
[devices.belt-scanner]
kind = "scanner"
url = "serial://{dir}/belt"
suffix = "\\n"
[devices.hand]
kind = "scanner"
url = "serial://{dir}/hand"
suffix = "\\n"
accept = "ACK\\n"
reject = "NAK\\n"
[devices.plc]
kind = "modbus-tcp"
url = "tcp://127.0.0.1:9"
device_id = 1
[[stations]]
name = "bench"
scanner = "bench-scanner"
reads = ["unit", "case"]
reread_ms = 0
[[stations]]
name = "infeed"
scanner = "belt-scanner"
handheld = "hand"
reads = ["unit"]
[stations.gate]
plc = "plc"
poll_ms = 10
read_window_ms = 60
min_spacing_ms = 120
[stations.gate.belt]
step = "encoder"
fastest_steps_per_s = 500
travel_steps = 400
tolerance_steps = 6
spacing_steps = 60
decide_steps = 12
hold_steps = 30
bounce_steps = 15
"""


class Watcher:
    """Somebody who watches the line, over a real socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(str(path))
        self._socket.sendall(b'{"command": "watch"}\n')
        self._stream = self._socket.makefile("rb")

    def next(self) -> LineView:
        return from_json(json.loads(self._stream.readline()))

    def until(self, holds: Callable[[LineView], object]) -> LineView:
        """The first view from now on for which `holds` is true."""
        for _ in range(200):
            view = self.next()
            if holds(view):
                return view
        raise AssertionError(f"never came true: {view}")

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


class Hall:
    """A line role with a bench and a gate, and three scanners on ptys."""

    def __init__(self, root: Path, required: bool, more: str = "") -> None:
        path = root / "hall.toml"
        path.write_text(HALL.format(dir=root, required=str(required).lower()) + more)
        self.bench, self.belt, self.hand = (Cable(root / n) for n in ("bench", "belt", "hand"))
        for cable in (self.bench, self.belt, self.hand):
            cable.plug()
        self.line = LineProcess(path, root / "line.log")
        self.config = self.line.config
        create_ledger(self.config.ledger_path)
        self.start()

    def start(self) -> None:
        self.line.start()
        scanners = ("bench-scanner", "belt-scanner", "hand")
        self.line.wait_until(lambda s: all(s["devices"][n]["link"] == "up" for n in scanners))

    @contextmanager
    def watching(self) -> Iterator[Watcher]:
        with closing(Watcher(self.config.control_path("line"))) as watcher:
            yield watcher

    def ask(self, command: str, **args: Any) -> dict[str, Any]:
        return ask(self.config.control_path("line"), command, **args)

    def edit(
        self, subject: str, name: str, new: dict[str, str] | None, by: str | None
    ) -> dict[str, Any]:
        return self.ask("edit", subject=subject, id=name, new=new, by=by, why="test")

    def add(self, person: str, role: str, by: str | None = "li") -> str:
        """Adds somebody with a badge; what the badge says."""
        secret = new_badge()
        new = {"name": person.title(), "role": role, "badge_digest": badge_digest(secret)}
        answer = self.edit("person", person, new, by)
        assert answer["recorded"] == 1, answer
        return f"EA:BADGE:{secret}\n"

    def close(self) -> None:
        self.line.close()
        for cable in (self.bench, self.belt, self.hand):
            cable.unplug()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with closing(Hall(tmp_path, required=False)) as hall:
        yield hall


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Hall]:
    """Nothing is packed unless somebody is signed in."""
    with closing(Hall(tmp_path, required=True)) as hall:
        yield hall


def at(view: LineView, station: str = "bench") -> StationView:
    return next(each for each in view.stations if each.name == station)


def said(view: LineView, station: str = "bench") -> str:
    last = at(view, station).last
    return str(last.saying) if last else ""


def signed_in(view: LineView, station: str = "bench") -> str | None:
    person = at(view, station).signed_in
    return person.id if person else None


def test_a_scan_is_in_the_next_view_with_its_container_and_counters(hall: Hall) -> None:
    with hall.watching() as watcher:
        before = watcher.next()
        assert at(before).boxes == ()
        assert [device.link for device in before.devices if device.role == "scanner"] == ["up"] * 3
        hall.bench.send(unit(1).encode() + b"\n")
        view = watcher.until(lambda v: at(v).last)
        station = at(view)
        assert station.last is not None
        assert (station.last.n, station.last.tone, station.last.key) == (1, "good", unit(1))
        (box,) = station.boxes
        assert (box.level, box.count, box.capacity) == ("case", 1, 3)
        assert box.children == (unit(1)[-6:],)
        assert station.counters == {"accepted": 1, "rejected": 0, "closed": 0}
        # The last thing once more would be no error.
        hall.bench.send(unit(2).encode() + b"\n")
        watcher.until(lambda v: at(v).counters["accepted"] == 2)
        hall.bench.send(unit(1).encode() + b"\n")
        view = watcher.until(lambda v: at(v).counters["rejected"])
        last = at(view).last
        assert last is not None and last.first is not None
        assert (last.n, last.tone, last.reason) == (3, "bad", "ALREADY_PACKED")
        assert last.first.station == "bench"
        assert [each.n for each in at(view).operations] == [3, 2, 1]
        assert view.rejects == {"ALREADY_PACKED": 1}


def test_the_operations_of_a_station_are_its_last_twenty(hall: Hall) -> None:
    with hall.watching() as watcher:
        for number in range(25):
            hall.bench.send(f"nonsense-{number}\n".encode())
        view = watcher.until(lambda v: at(v).counters["rejected"] == 25)
        assert [each.n for each in at(view).operations] == list(range(25, 5, -1))


def test_a_line_that_is_ended_while_screens_watch_ends_with_a_clean_log(hall: Hall) -> None:
    watchers = [Watcher(hall.config.control_path("line")) for _ in range(5)]
    for watcher in watchers:
        watcher.next()
    assert hall.line.stop() == 0
    for watcher in watchers:
        watcher.close()
    log = hall.line.log()
    assert "line ready" in log
    assert "Traceback" not in log
    assert not re.search(r"level=error|\[error|ERROR", log), log


def test_a_badge_signs_in_and_what_it_says_is_nowhere(strict: Hall) -> None:
    strict.add("li", "supervisor", by=None)
    badge = strict.add("wang", "operator")
    with strict.watching() as watcher:
        strict.bench.send(unit(1).encode() + b"\n")
        view = watcher.until(lambda v: at(v).last)
        assert at(view).last.reason == "NOT_SIGNED_IN"  # type: ignore[union-attr]
        strict.bench.send(badge.encode())
        view = watcher.until(lambda v: signed_in(v) == "wang")
        assert at(view).last.tone == "good"  # type: ignore[union-attr]
        strict.bench.send(unit(1).encode() + b"\n")
        watcher.until(lambda v: at(v).counters["accepted"] == 1)
    packed = [e for e in strict.line.events() if e["kind"] == "packed"]
    assert [each["by"] for each in packed] == ["wang"]
    secret = badge.removeprefix("EA:BADGE:").strip()
    digest = badge_digest(secret)
    root = strict.config.line.data_dir.parent
    for path in (p for p in root.rglob("*") if p.is_file()):
        data = path.read_bytes()
        assert secret.encode() not in data, path
        if "people.db" not in path.name:
            assert digest.encode() not in data, path


def test_a_revoked_person_is_signed_out_everywhere_and_the_badge_says_so(strict: Hall) -> None:
    strict.add("li", "supervisor", by=None)
    badge = strict.add("wang", "operator")
    with strict.watching() as watcher:
        for cable, station in ((strict.bench, "bench"), (strict.hand, "infeed")):
            cable.send(badge.encode())
            watcher.until(lambda v, s=station: signed_in(v, s) == "wang")  # type: ignore[misc]
        assert strict.edit("person", "wang", None, "li")["recorded"] == 3
        watcher.until(lambda v: signed_in(v) is None and signed_in(v, "infeed") is None)
        strict.bench.send(badge.encode())
        view = watcher.until(lambda v: "not valid any more" in said(v))
        assert at(view).last.tone == "bad"  # type: ignore[union-attr]
        assert signed_in(view) is None
    events = strict.line.events()
    out = [(e["person"], e["why"]) for e in events if e["kind"] == "signed_out"]
    assert out == [("wang", "revoked")] * 2
    (refused,) = [e for e in events if e["kind"] == "sign_in_refused"]
    assert refused["person"] == "wang"
    with pytest.raises(ControlError, match="revoked, and an id is never used again"):
        strict.add("wang", "operator")


def test_guessing_badges_pauses_the_station_and_no_other(strict: Hall) -> None:
    strict.add("li", "supervisor", by=None)
    badge = strict.add("wang", "operator")
    with strict.watching() as watcher:
        for number in range(1, 4):
            strict.bench.send(f"EA:BADGE:{new_badge()}\n".encode())
            watcher.until(lambda v, n=number: at(v).last and at(v).last.n == n)  # type: ignore[misc,union-attr]
        strict.bench.send(badge.encode())
        view = watcher.until(lambda v: "too many wrong attempts" in said(v))
        assert signed_in(view) is None
        strict.hand.send(badge.encode())
        watcher.until(lambda v: signed_in(v, "infeed") == "wang")
    assert strict.line.status()["screens"]["refused_sign_ins"] == 4


def test_a_command_is_pressed_on_the_socket_or_scanned_and_both_are_shown(hall: Hall) -> None:
    with hall.watching() as watcher:
        hall.bench.send(unit(1).encode() + b"\n")
        watcher.until(lambda v: at(v).counters["accepted"] == 1)
        answer = hall.ask("press", station="bench", press="REMOVE")
        assert answer["shown"]["tone"] == "ask"
        view = watcher.until(lambda v: at(v).prompt)
        assert at(view).prompt.command == "REMOVE"  # type: ignore[union-attr]
        hall.bench.send(unit(1).encode() + b"\n")
        view = watcher.until(lambda v: at(v).prompt is None)
        assert all(unit(1)[-6:] not in box.children for box in at(view).boxes)
        hall.bench.send(b"EA:UNDO\n")
        watcher.until(lambda v: any(unit(1)[-6:] in box.children for box in at(v).boxes))
    operations = [e["operation"] for e in hall.line.events() if e["kind"] == "reworked"]
    assert operations == ["REMOVE", "UNDO"]


def test_an_unknown_or_damaged_command_is_shown_and_is_no_reject(hall: Hall) -> None:
    with hall.watching() as watcher:
        hall.bench.send(b"EA:REMVOE\n")
        view = watcher.until(lambda v: at(v).last)
        assert "damaged or not known" in said(view)
        assert at(view).counters["rejected"] == 0
        hall.bench.send(b"EA:BADGE:\xff\xfe\n")
        watcher.until(lambda v: at(v).last and at(v).last.n == 2)  # type: ignore[union-attr]
    assert hall.line.events() == []


def test_the_hand_scanner_of_a_gate_reads_no_item_and_its_badge_is_no_product(hall: Hall) -> None:
    hall.add("li", "supervisor", by=None)
    badge = hall.add("wang", "operator")
    with hall.watching() as watcher:
        hall.hand.send(unit(7).encode() + b"\n")
        view = watcher.until(lambda v: at(v, "infeed").last)
        assert at(view, "infeed").last.tone == "note"  # type: ignore[union-attr]
        hall.hand.send(badge.encode())
        watcher.until(lambda v: signed_in(v, "infeed") == "wang")
        # Before the belt's own scanner a badge is a thing that is no product.
        hall.belt.send(badge.encode())
        hall.hand.send(b"EA:SIGN_OUT\n")
        view = watcher.until(lambda v: signed_in(v, "infeed") is None)
    secret = badge.removeprefix("EA:BADGE:").strip()
    assert all(secret not in json.dumps(event) for event in hall.line.events())


def test_who_has_no_leave_edits_nothing_and_the_first_person_needs_none(hall: Hall) -> None:
    order = {"gtin": "06971234567802", "batch": "B1", "target": "100"}
    with pytest.raises(ControlError, match="by is missing"):
        hall.edit("order", "4711", order, None)
    hall.add("li", "supervisor", by=None)
    with pytest.raises(ControlError, match="by is missing"):
        hall.add("chen", "operator", by=None)
    hall.add("wang", "operator")
    for by in ("wang", "nobody"):
        with pytest.raises(ControlError, match=r"may not do this|not known, or revoked"):
            hall.edit("order", "4711", order, by)
    assert hall.edit("order", "4711", order, "li")["recorded"] == 1
    bad = hall.edit("order", "4712", {**order, "made": "2026-11-22", "expiry": "2026-11-21"}, "li")
    assert bad["recorded"] == 0
    assert bad["shown"]["tone"] == "bad"
    with hall.watching() as watcher:
        (view,) = watcher.next().orders
        assert (view.id, view.batch, view.target) == ("4711", "B1", 100)
    edited = [e for e in hall.line.events() if e["kind"] == "edited"]
    assert [(e["subject"], e["id"], e.get("by")) for e in edited] == [
        ("person", "li", None), ("person", "wang", "li"), ("order", "4711", "li"),
    ]  # fmt: skip


def test_an_edit_of_a_person_tells_old_and_new_but_no_secret(hall: Hall) -> None:
    hall.add("li", "supervisor", by=None)
    hall.add("wang", "operator")
    kept = hash_pin("4711")
    hall.edit("person", "wang", {"role": "technician", "pin_hash": kept}, "li")
    last = hall.line.events()[-1]
    assert last["old"]["role"] == "operator"
    assert last["new"]["role"] == "technician"
    assert last["new"]["name"] == "Wang"
    assert last["new"]["pin"].startswith("given 20")
    assert kept not in json.dumps(last)
    (_, wang) = read_people(hall.config.people_path)
    assert (wang.person.role, wang.pin_hash) == ("technician", kept)
    assert wang.badge_digest is not None
    assert hall.ask("people")["people"] == [
        {
            "id": person, "name": person.title(), "role": role, "language": "", "badge": True,
            "pin": pin, "revoked_at": None,
        }
        for person, role, pin in (("li", "supervisor", False), ("wang", "technician", True))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "args", "fault"),
    [
        ("press", {"station": "nowhere", "press": "UNDO"}, "station is 'nowhere', expected"),
        ("press", {"station": "bench", "press": "EXPLODE"}, "press is 'EXPLODE', expected"),
        ("press", {"station": "bench", "press": ["UNDO"]}, "press is ['UNDO']"),
        ("press", {"station": "bench", "press": "ORDER", "argument": "x" * 201}, "201 characters"),
        ("sign-in", {"station": "bench", "person": 7}, "person is 7, expected id"),
        ("edit", {"subject": "moon", "id": "1"}, "subject is 'moon', expected"),
        ("edit", {"subject": "person", "id": "a b", "why": "x", "new": {}}, "id is 'a b'"),
        (
            "edit",
            {"subject": "person", "id": "li", "why": "x", "new": {"name": "\ud800"}},
            "control",
        ),
        ("edit", {"subject": "person", "id": "li", "why": "x", "new": [1]}, "new is [1]"),
        ("edit", {"subject": "person", "id": "li", "why": "", "new": {}}, "why is missing"),
        (
            "edit",
            {"subject": "person", "id": "li", "why": "x", "new": {"name": "Li", "role": "boss"}},
            "role is 'boss', expected",
        ),
        (
            "edit",
            {"subject": "person", "id": "li", "why": "x", "new": {"badge_digest": "secret"}},
            "badge_digest is no SHA-256",
        ),
    ],
)
def test_a_wrong_question_is_answered_with_what_is_expected(
    hall_of_all: Hall, command: str, args: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ControlError) as error:
        hall_of_all.ask(command, **args)
    assert fault in str(error.value)
    assert hall_of_all.line.events() == []


@pytest.fixture(scope="module")
def hall_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with closing(Hall(tmp_path_factory.mktemp("hall"), required=False)) as hall:
        yield hall


def test_a_name_of_any_script_comes_back_as_it_was(hall: Hall) -> None:
    name = ("مرحبا \u202eעברית 👩‍🏭 王芳 " + "x" * 200)[:200]
    hall.edit("person", "li", {"name": name, "role": "supervisor"}, None)
    assert hall.ask("people")["people"][0]["name"] == name
    assert hall.edit("product", "06971234567802", {"name": name}, "li")["recorded"] == 1
    with hall.watching() as watcher:
        assert watcher.next().products[0].name == name


def test_an_edit_of_a_products_name_leaves_its_other_values(hall: Hall) -> None:
    hall.edit("person", "li", {"name": "Li", "role": "supervisor"}, None)
    hall.edit("product", "06971234567802", {"name": "Tea", "grade": "AA"}, "li")
    hall.edit("product", "06971234567802", {"name": "Green tea"}, "li")
    last = [e for e in hall.line.events() if e["kind"] == "edited"][-1]
    assert last["new"] == {"name": "Green tea", "grade": "AA"}


def test_kill_9_keeps_who_is_signed_in_the_orders_the_people_and_the_counts(strict: Hall) -> None:
    strict.add("li", "supervisor", by=None)
    badge = strict.add("wang", "operator")
    strict.edit("order", "4711", {"gtin": "06971234567802", "target": "3"}, "li")
    with strict.watching() as watcher:
        strict.bench.send(badge.encode())
        watcher.until(lambda v: signed_in(v) == "wang")
        strict.bench.send(f"{unit(1)}\n{unit(2)}\nnonsense\n".encode())
        before = watcher.until(lambda v: at(v).counters["rejected"] == 1)
    strict.line.kill()
    strict.start()
    with strict.watching() as watcher:
        after = watcher.until(lambda v: at(v).counters == at(before).counters)
        assert signed_in(after) == "wang"
        assert [order.id for order in after.orders] == ["4711"]
        assert at(after).boxes == at(before).boxes
        assert after.rejects == before.rejects
        strict.bench.send(f"{unit(3)}\n{sscc(0, 1)}\n".encode())
        watcher.until(lambda v: at(v).counters["closed"] == 1)
    closed = [e for e in strict.line.events() if e["kind"] == "closed"]
    assert [(e["by"], e["children"]) for e in closed] == [("wang", [unit(1), unit(2), unit(3)])]
    assert [p["id"] for p in strict.ask("people")["people"]] == ["li", "wang"]


def test_a_pin_that_the_pages_verified_signs_in_and_out(strict: Hall) -> None:
    strict.add("li", "supervisor", by=None)
    answer = strict.ask("sign-in", station="bench", person="li")
    assert (answer["shown"]["tone"], answer["recorded"]) == ("good", 1)
    assert strict.ask("sign-in", station="bench", person="ghost")["shown"]["tone"] == "bad"
    answer = strict.ask("sign-out", station="bench")
    assert (answer["shown"]["tone"], answer["recorded"]) == ("good", 1)
    how = [e["how"] for e in strict.line.events() if e["kind"] == "signed_in"]
    assert how == ["pin"]


def test_a_wrong_pin_is_recorded_at_its_station_and_in_the_office(strict: Hall) -> None:
    strict.add("li", "supervisor", by=None)
    assert strict.ask("wrong-pin", station="bench", person="li")["shown"]["tone"] == "bad"
    assert strict.ask("wrong-pin", station="", person="ghost") == {"shown": None, "recorded": 1}
    refused = [e for e in strict.line.events() if e["kind"] == "sign_in_refused"]
    found = [(e["station"], e.get("person"), e["how"], e["why"]) for e in refused]
    said = "the PIN is wrong"
    line = strict.line.config.line.name
    assert found == [("bench", "li", "pin", said), (line, None, "pin", said)]


async def test_what_waits_for_hq_is_asked_of_the_sync_role(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret")
    token.chmod(0o600)
    more = f'[sync]\nhq_url = "http://127.0.0.1:9"\ntoken_file = "{token}"\n'
    hall = await to_thread(Hall, tmp_path, False, more)

    async def status(_: dict[str, Any]) -> dict[str, Any]:
        return {"behind": 42}

    server = await control.serve(hall.config.control_path("sync"), {"status": status})
    try:
        with hall.watching() as watcher:
            view = await to_thread(watcher.until, lambda v: v.hq_waiting is not None)
        assert view.hq_waiting == 42
    finally:
        server.close()
        hall.close()
