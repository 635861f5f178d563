"""Pictures on disk: whole, within the budget, the oldest removed first, none before its time."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_agent.camera.evidence.picture import Picture
from edge_agent.camera.evidence.store import EvidenceStore, NotKeptError, kept, prunings
from tests.camera.evidence.rig import AT, picture

BLOCK = 4_096
BUDGET = 40 * BLOCK


def blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


class Pictures(RuleBasedStateMachine):
    """A store under random work beside a list of what it should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.seq = self.cursor = self.made = 0
        self.model: dict[str, int] = {}
        """Of each kept picture, the last event that refers to it."""
        self.data: dict[str, bytes] = {}
        self.gone: set[int] = set()
        self.holes: set[int] = set()
        self.store = self.opened()

    def opened(self) -> EvidenceStore:
        return EvidenceStore(
            self.directory, BUDGET, reserve_bytes=0, may_remove=lambda: self.may_remove
        )

    def may_remove(self, seq: int) -> bool:
        return seq <= self.cursor and seq not in self.holes

    def size(self, name: str) -> int:
        return blocks(len(self.data[name]))

    @rule(sizes=st.lists(st.integers(1, 12 * BLOCK), min_size=1, max_size=6), day=st.integers(1, 3))
    def keep_some(self, sizes: list[int], day: int) -> None:
        for size in sizes:
            self.keep(size, day)

    def keep(self, size: int, day: int) -> None:
        self.made += 1
        self.seq += 1
        data = self.made.to_bytes(8, "big") + bytes(size)
        new = Picture(sha256(data).hexdigest(), data, "webp")
        self.data[new.sha256] = data
        removable = sum(self.size(n) for n, seq in self.model.items() if self.may_remove(seq))
        over = sum(map(self.size, self.model)) + blocks(len(data)) - BUDGET
        try:
            self.store.keep(new, self.seq, f"2026-11-0{day}T08:00:00.000Z")
        except NotKeptError as error:
            assert over > removable
            assert "HQ has not received" in str(error)
            return
        assert over <= removable
        self.model[new.sha256] = self.seq
        self.forget_removed(over)

    def forget_removed(self, over: int) -> None:
        """What is no longer there was the oldest that could go, and not more than a slab of it."""
        left = {name for name in self.model if name in self.store}
        removed = {name: seq for name, seq in self.model.items() if name not in left}
        for name, seq in removed.items():
            assert self.may_remove(seq)
            assert all(self.model[n] > seq for n in left if self.may_remove(self.model[n]))
            del self.model[name]
        if removed:
            self.gone |= set(removed.values())
            last = max(removed, key=removed.__getitem__)
            freed = sum(map(self.size, removed))
            assert over <= freed
            assert freed - self.size(last) < over + BUDGET // 20

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def refer_again(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model)))
        self.seq += 1
        self.store.refer(name, self.seq)
        self.model[name] = self.seq

    @rule(steps=st.integers(0, 20))
    def hq_receives(self, steps: int) -> None:
        self.cursor = min(self.seq, self.cursor + steps)

    @rule()
    def hq_refuses_the_next(self) -> None:
        if self.cursor < self.seq:
            self.cursor += 1
            self.holes.add(self.cursor)

    @rule(torn=st.booleans())
    def restart(self, torn: bool) -> None:
        if torn:
            day = self.directory / "2026-11-01"
            day.mkdir(exist_ok=True)
            (day / f"{self.seq:010}-{'ab' * 32}.jpg.unfinished").write_bytes(b"half")
        self.store = self.opened()

    @invariant()
    def the_disk_holds_just_these_whole_and_named_by_their_last_event(self) -> None:
        found = {each.sha256: each for each in kept(self.directory)}
        assert {name: each.seq for name, each in found.items()} == self.model
        for name, each in found.items():
            assert each.path.read_bytes() == self.data[name]
        files = [path for path in self.directory.rglob("*") if path.suffix == ".webp"]
        assert len(files) == len(found)
        total = sum(blocks(path.stat().st_size) for path in files)
        assert total == self.store.facts()["kept_bytes"] <= BUDGET

    @invariant()
    def each_removed_one_is_told(self) -> None:
        told = prunings(self.directory)
        assert sum(each.pictures for each in told) == len(self.gone)
        assert all(any(each.first <= seq <= each.last for each in told) for seq in self.gone)

    def teardown(self) -> None:
        shutil.rmtree(self.directory)


TestPictures = Pictures.TestCase
TestPictures.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_picture_larger_than_the_budget_is_refused_and_costs_no_other_its_place(
    tmp_path: Path,
) -> None:
    store = EvidenceStore(tmp_path, BUDGET, reserve_bytes=0)
    store.keep(picture(1), 1, AT)
    with pytest.raises(NotKeptError, match=r"it takes .* bytes, the whole budget has"):
        store.keep(picture(2, BUDGET + 8), 2, AT)
    assert picture(1).sha256 in store


def test_only_the_agents_user_may_look(tmp_path: Path) -> None:
    directory = tmp_path / "evidence"
    EvidenceStore(directory, BUDGET, reserve_bytes=0).keep(picture(1), 1, AT)
    (each,) = kept(directory)
    assert each.path.stat().st_mode & 0o077 == 0
    assert each.path.parent.stat().st_mode & 0o077 == 0


def test_a_picture_that_other_hands_removed_is_not_kept_any_more(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, BUDGET, reserve_bytes=0)
    store.keep(picture(1), 1, AT)
    store.keep(picture(2), 2, AT)
    for each in kept(tmp_path):
        if each.seq == 1:
            each.path.unlink()
    with pytest.raises(NotKeptError, match="other hands removed it"):
        store.refer(picture(1).sha256, 3)
    store.refer(picture(2).sha256, 4)
    assert picture(1).sha256 not in store
    assert store.facts() == {"kept": 1, "kept_bytes": BLOCK}


WRITER = """
import resource, signal, sys
from pathlib import Path
from edge_agent.camera.evidence.store import EvidenceStore
from tests.camera.evidence.rig import AT, picture
store = EvidenceStore(Path(sys.argv[1]), 10**9, reserve_bytes=0)
store.keep(picture(1, 1_000_000), 1, AT)
# The kernel kills whoever writes beyond the limit, in the middle of the file and without a word.
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
store.keep(picture(2, 3_000_000), 2, AT)
"""


def test_a_writer_killed_in_the_middle_of_a_picture_leaves_whole_ones_only(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path)], timeout=60, check=False)
    assert done.returncode == -signal.SIGXFSZ
    assert sorted(path.stat().st_size for path in tmp_path.glob("*/*")) == [1_000_000, 1_500_000]
    assert [each.sha256 for each in kept(tmp_path)] == [picture(1, 1_000_000).sha256]

    again = EvidenceStore(tmp_path, 10**9, reserve_bytes=0)

    assert not list(tmp_path.rglob("*.unfinished"))
    again.keep(picture(2, 3_000_000), 2, AT)
    for each in kept(tmp_path):
        assert sha256(each.path.read_bytes()).hexdigest() == each.sha256


TIGHT = """
import sys
from hashlib import sha256
from pathlib import Path
from edge_agent.camera.evidence.store import EvidenceStore, NotKeptError, kept
from tests.camera.evidence.rig import AT, picture
directory = Path(sys.argv[1])
filler = directory / "filler"
filler.write_bytes(bytes(500_000))
cautious = EvidenceStore(directory / "evidence", 10**9)
try:
    cautious.keep(picture(0), 1, AT)
except NotKeptError as error:
    print("cautious:", error)
store = EvidenceStore(directory / "evidence", 10**9, reserve_bytes=-10**9)
number = 0
try:
    while True:
        number += 1
        store.keep(picture(number, 100_000), number, AT)
except NotKeptError as error:
    print("full:", error)
assert 2 < number < 10, number
assert picture(number).sha256 not in store
assert not list(directory.rglob("*.unfinished"))
filler.unlink()
store.keep(picture(number, 100_000), number, AT)
found = [each for each in kept(directory / "evidence")]
assert len(found) == number == store.facts()["kept"]
assert all(sha256(each.path.read_bytes()).hexdigest() == each.sha256 for each in found)
print("again room")
"""


def test_a_full_disk_refuses_a_picture_leaves_no_half_one_and_takes_the_next_when_there_is_room(
    tmp_path: Path,
) -> None:
    """On a file system of 1 MiB, in a mount namespace of its own."""
    script = 'mount -t tmpfs -o size=1m none "$2" && exec "$1" -c "$3" "$2"'
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    done = subprocess.run(
        ["unshare", *rights, "--mount", "sh", "-c", script, "sh", sys.executable, tmp_path, TIGHT],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cautious, full, again = done.stdout.splitlines()
    assert "less than 64 MiB left" in cautious
    assert "the disk did not take it: No space left on device" in full
    assert again == "again room"
