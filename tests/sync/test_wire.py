"""A batch is taken whole and as written, or refused with what is wrong."""

import gzip
import json
import tracemalloc
import zlib
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.chain import GENESIS, link
from sync.wire import Batch, Caps, MalformedError, TooLargeError, pack, unpack

CAPS = Caps(compressed_bytes=2_000, inflated_bytes=10_000, events=50, body_bytes=500)

# Without the time: tests are named by these bytes, alike in every process.
zipped = partial(gzip.compress, mtime=0)


def batch(*bodies: str, from_seq: int = 1, before: bytes = GENESIS) -> Batch:
    head = before
    for seq, body in enumerate(bodies, from_seq):
        head = link(head, seq, body)
    return Batch("line-1", from_seq, before, head, list(bodies))


def lines(header: object, *bodies: bytes) -> bytes:
    return zipped(b"\n".join([json.dumps(header).encode(), *bodies, b""]))


def header(**changes: object) -> dict[str, object]:
    sound = {"agent": "line-1", "from_seq": 1, "to_seq": 1, "before": "00" * 32,
             "head": "11" * 32, "events": 1}  # fmt: skip
    return {**sound, **changes}


one_line = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n"))


@given(st.lists(one_line, min_size=1, max_size=20), st.integers(2, 2**50))
def test_every_body_arrives_byte_for_byte(bodies: list[str], from_seq: int) -> None:
    sent = batch(*bodies, from_seq=from_seq, before=bytes([7] * 32))

    found = unpack(pack(sent))

    assert found == sent
    assert found.hashes()[-1] == sent.head


def test_line_separators_of_unicode_split_no_body() -> None:
    sent = batch('{"text":"a\u2028b\u2029c\x85d\r"}')

    assert unpack(pack(sent)).bodies == sent.bodies


def test_a_changed_body_breaks_the_chain_and_is_named() -> None:
    sent = batch("a", "b")
    changed = Batch(sent.agent, sent.from_seq, sent.before, sent.head, ["a", "x"])

    with pytest.raises(MalformedError, match="hash of event 2"):
        changed.hashes()


def test_a_zip_bomb_is_given_up_at_the_cap() -> None:
    """100 MB in 100 KB; no more than the cap of 10 kB is ever held."""
    bomb = zlib.compressobj(9, wbits=31)
    raw = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(100)) + bomb.flush()
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="inflates to more than"):
            unpack(raw, Caps(compressed_bytes=len(raw), inflated_bytes=10_000))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 10 * 10_000 + len(raw)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (bytes(2_001), "2000 bytes"),
        (lines(header(to_seq=51, events=51), *[b"{}"] * 51), "51 events"),
    ],
)
def test_over_a_cap_is_too_large(raw: bytes, what: str) -> None:
    with pytest.raises(TooLargeError, match=what):
        unpack(raw, CAPS)


SOUND = pack(batch("{}"))


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "cut off"),
        (b"<html>", "not gzip"),
        (SOUND[:-1], "cut off"),
        (SOUND + b"x", "1 bytes follow"),
        (SOUND + SOUND, "follow the end"),
        (zipped(b""), "header"),
        (zipped(b"[]\n"), "header"),
        (zipped(json.dumps(header()).encode()), "not ended by a line feed"),
        (zipped(json.dumps(header()).encode() + b"\n{}"), "not ended by a line feed"),
        (lines(header(agent="../etc")), "agent"),
        (lines(header(extra=1)), "extra"),
        (lines(header(from_seq=0)), "from_seq"),
        (lines(header(from_seq=True)), "from_seq"),
        (lines(header(from_seq=2, to_seq=1)), "expected at least from_seq 2"),
        (lines(header(to_seq=2**63)), "to_seq"),
        (lines(header(head="zz")), "head"),
        (lines(header(before="11" * 32)), "stands before event 1"),
        (lines(header(events=2), b"{}", b"{}"), "its sequence numbers say 1"),
        (lines(header(), b"{}", b"{}"), "batch has 2 events, the header says 1"),
        (lines(header(), b"\xff"), "event 1 is not UTF-8"),
        (lines(header(), b"x" * 501), "event 1 has 501 bytes"),
    ],
)
def test_what_is_no_batch_is_refused_with_what_is_wrong(raw: bytes, what: str) -> None:
    with pytest.raises(MalformedError, match=what):
        unpack(raw, CAPS)


def test_all_faults_are_told_up_to_a_cap_and_the_others_counted() -> None:
    raw = lines(header(to_seq=45, events=45), *[b"\xff"] * 45)

    with pytest.raises(MalformedError) as refused:
        unpack(raw, CAPS)

    assert (len(refused.value.faults), refused.value.more) == (20, 25)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_and_never_crash(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        unpack(raw)


@given(st.binary(max_size=300))
def test_random_bytes_inside_gzip_are_refused_and_never_crash(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        unpack(zipped(raw))
