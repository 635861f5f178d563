"""The ring on a real directory: bounded, in order, never in the way of what was there."""

import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.recorder.ring import Ring, RingTooSmallError, segments


def used(directory: Path) -> int:
    """Bytes on disk, in whole blocks."""
    return sum(-(-path.stat().st_size // 4_096) * 4_096 for path in segments(directory))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 30_000)), max_size=60),
    st.integers(40_000, 100_000),
)
def test_it_is_never_larger_than_allowed_and_keeps_the_newest(
    writes: list[tuple[bool, int]], limit: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ring = Ring(directory, limit)
        ring.begin(b"0")
        everything = [b"0"]
        for begins, size in writes:
            data = bytes([65 + len(everything) % 26]) * size
            try:
                if not begins:
                    ring.append(data)
                    everything[-1] += data
            except RingTooSmallError:
                begins_anew = True  # what was appended to was closed
            else:
                begins_anew = begins
            if begins_anew:
                ring.begin(data)
                everything.append(data)
            assert used(directory) <= limit
        ring.close()
        kept = [path.read_bytes() for path in segments(directory)]
        assert kept == everything[-len(kept) :]


def test_after_a_restart_it_goes_on_counting_and_shrinks_to_a_smaller_limit(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "flight", 100_000)
    for _ in range(12):
        ring.begin(b"x" * 5_000)
    ring.close()
    (tmp_path / "flight" / "notes.txt").write_text("a person's, left alone")
    again = Ring(tmp_path / "flight", 20_000)
    again.begin(b"y")
    again.close()
    names = [path.name for path in segments(tmp_path / "flight")]
    assert names == ["flight-00000012.jsonl", "flight-00000013.jsonl"]
    assert (tmp_path / "flight" / "notes.txt").exists()


def test_only_the_agents_user_may_read_it(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "flight", 100_000)
    ring.begin(b"x")
    ring.close()
    (path,) = segments(tmp_path / "flight")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_fits_in_no_ring_is_refused_with_the_mend(tmp_path: Path) -> None:
    ring = Ring(tmp_path, 8_192)
    with pytest.raises(RingTooSmallError, match="takes 9000 bytes, the ring may have 8192"):
        ring.begin(b"x" * 9_000)
