"""A line that is killed when the ledger has an edit of a person and people.db does not have it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.control import ControlError, ask
from edge_agent.ledger.journal import create_ledger
from edge_agent.people.secrets import badge_digest, hash_pin, new_badge
from edge_agent.people.store import Account, read_people
from tests.line.conftest import LineProcess, TcpScanner, bench_config
from tests.line.killed_in_an_edit import WHY

BREAKS = [sys.executable, "-m", "tests.line.killed_in_an_edit"]


class Office:
    """A line with a supervisor, li, and an operator, wang, who has a badge and a PIN."""

    def __init__(self, path: Path, scanner: TcpScanner) -> None:
        self._path, self._log = path, path.with_name("line.log")
        self.scanner = scanner
        self.line = LineProcess(path, self._log, BREAKS)
        create_ledger(self.line.config.ledger_path)
        self._secret = new_badge()
        self.badge = f"EA:BADGE:{self._secret}"

    def begin(self) -> None:
        self.start()
        self.edit("li", {"name": "Li", "role": "supervisor"}, by=None)
        digest, pin = badge_digest(self._secret), hash_pin("1234")
        wang = {"name": "Wang", "role": "operator", "badge_digest": digest, "pin_hash": pin}
        self.edit("wang", wang)

    def start(self) -> None:
        self.line.start()
        self.scanner.accept()

    def edit(
        self, person: str, new: dict[str, str] | None, by: str | None = "li", why: str = "test"
    ) -> None:
        path = self.line.config.control_path("line")
        ask(path, "edit", subject="person", id=person, new=new, by=by, why=why)

    def edit_and_be_killed(self, new: dict[str, str] | None) -> None:
        with pytest.raises(ControlError):
            self.edit("wang", new, why=WHY)
        assert self.line.died() == -9
        assert [e["why"] for e in self.line.events() if e["kind"] == "edited"][-1] == WHY

    def start_again(self) -> None:
        self.line = LineProcess(self._path, self._log)
        self.start()

    def wang(self) -> Account:
        (wang,) = [a for a in read_people(self.line.config.people_path) if a.person.id == "wang"]
        return wang

    def lost(self) -> int:
        lost: int = self.line.status()["screens"]["lost_badges_and_pins"]
        return lost


@pytest.fixture
def office(tmp_path: Path, scanner: TcpScanner) -> Iterator[Office]:
    path = tmp_path / "bench.toml"
    path.write_text(bench_config(tmp_path, scanner))
    office = Office(path, scanner)
    try:
        office.begin()
        yield office
    finally:
        office.line.close()


def test_a_badge_that_only_the_ledger_knows_to_be_revoked_is_refused(office: Office) -> None:
    office.edit_and_be_killed(None)
    assert office.wang().revoked_at is None, "it was killed too late to show anything"
    office.start_again()
    assert office.wang().revoked_at is not None
    assert office.scanner.scan(office.badge) == "NAK"
    refused = [e for e in office.line.events() if e["kind"] == "sign_in_refused"]
    assert [each["person"] for each in refused] == ["wang"]
    assert office.lost() == 0


def test_a_role_that_only_the_ledger_has_is_in_force(office: Office) -> None:
    office.edit_and_be_killed({"role": "supervisor", "name": "Wang Fang"})
    assert office.wang().person.role == "operator"
    office.start_again()
    assert (office.wang().person.role, office.wang().person.name) == ("supervisor", "Wang Fang")
    assert office.scanner.scan(office.badge) == "ACK"
    signed_in = [e for e in office.line.events() if e["kind"] == "signed_in"]
    assert [each["role"] for each in signed_in] == ["supervisor"]


@pytest.mark.parametrize(
    ("what", "new", "kept"),
    [
        ("badge", {"badge_digest": badge_digest(new_badge())}, lambda a: a.badge_digest),
        ("pin", {"pin_hash": hash_pin("9876")}, lambda a: a.pin_hash),
    ],
)
def test_where_a_new_badge_or_pin_is_lost_the_old_one_is_not_valid_and_it_is_told(
    office: Office, what: str, new: dict[str, str], kept: Callable[[Account], str | None]
) -> None:
    office.edit_and_be_killed(new)
    assert kept(office.wang()) is not None
    office.start_again()
    assert kept(office.wang()) is None
    assert office.lost() == 1
    assert "it was given and is lost: give another" in office.line.log()
    assert office.scanner.scan(office.badge) == ("NAK" if what == "badge" else "ACK")
