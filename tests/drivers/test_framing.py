import itertools
import re
import tracemalloc
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.framing import Frame, Framer

ANY_END = (b"\r\n", b"\r", b"\n")


def contents(frames: list[Frame]) -> list[bytes]:
    return [frame.content for frame in frames]


def fed(framer: Framer, *packets: bytes) -> list[bytes]:
    return [content for packet in packets for content in contents(framer.feed(packet, 0))]


def test_a_frame_carries_the_arrival_time_of_its_last_byte() -> None:
    framer = Framer(suffixes=[b"\r"])
    assert framer.feed(b"AB", 10) == []
    assert framer.feed(b"C\r", 25) == [Frame(b"ABC", 25)]


def test_a_code_split_over_20_packets_is_one_frame() -> None:
    code = b"0104012345678901" + b"21A1\r"
    packets = [code[i : i + 1] for i in range(19)] + [code[19:]]
    assert len(packets) == 20
    assert fed(Framer(suffixes=[b"\r"]), *packets) == [code[:-1]]


def test_two_codes_in_one_packet_are_two_frames_and_the_third_waits() -> None:
    framer = Framer(suffixes=[b"\r\n"])
    assert fed(framer, b"A\r\nB\r\nC") == [b"A", b"B"]
    assert fed(framer, b"\r\n") == [b"C"]


@pytest.mark.parametrize("end", ANY_END)
def test_one_setting_accepts_cr_lf_and_crlf(end: bytes) -> None:
    assert fed(Framer(suffixes=ANY_END), b"A" + end + b"B" + end) == [b"A", b"B"]


@pytest.mark.parametrize("suffixes", [ANY_END, (b"\r", b"\r\n"), (b"\r\n", b"\n")])
def test_a_crlf_cut_between_two_packets_makes_no_empty_frame(suffixes: tuple[bytes, ...]) -> None:
    framer = Framer(suffixes=suffixes)
    assert fed(framer, b"A\r", b"\nB\r", b"\n") == [b"A", b"B"]
    assert framer.dropped_bytes == 0


def test_a_cr_ends_the_frame_without_waiting_for_a_possible_lf() -> None:
    assert fed(Framer(suffixes=ANY_END), b"A\r") == [b"A"]


def test_terminators_alone_are_no_reads() -> None:
    framer = Framer(suffixes=ANY_END)
    assert fed(framer, b"\r\n\r\n", b"\r", b"\n\n", b"A\r") == [b"A"]
    assert framer.dropped_bytes == 0


def test_what_comes_before_the_prefix_is_dropped_and_counted() -> None:
    framer = Framer(prefix=b"\x02", suffixes=[b"\x03"])
    assert fed(framer, b"noise\x02A\x03", b"xx", b"\x02B\x03") == [b"A", b"B"]
    assert framer.dropped_bytes == len(b"noise" + b"xx")


def test_an_empty_frame_between_prefix_and_suffix_is_no_read() -> None:
    assert fed(Framer(prefix=b"\x02", suffixes=[b"\x03"]), b"\x02\x03\x02A\x03") == [b"A"]


def test_a_prefix_cut_between_two_packets_is_found() -> None:
    framer = Framer(prefix=b"<<", suffixes=[b"\r"])
    assert fed(framer, b"x<", b"<A\r") == [b"A"]
    assert framer.dropped_bytes == 1


def test_a_bare_terminator_cut_in_two_is_not_counted_as_noise_before_the_prefix() -> None:
    framer = Framer(prefix=b"\x02", suffixes=[b"\r\n"])
    assert fed(framer, b"\x02A\r\n\r", b"\n\x02B\r\n") == [b"A", b"B"]
    assert framer.dropped_bytes == 0


def test_a_line_of_10_mb_is_one_oversize_frame_in_bounded_memory() -> None:
    framer = Framer(suffixes=[b"\r\n"], max_bytes=1024)
    packet = b"x" * 65_536
    frames: list[Frame] = []
    tracemalloc.start()
    for at_us in range(160):
        frames += framer.feed(packet, at_us)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert frames == [Frame(b"x" * 1024, 0, oversize=True)], "one frame, and at once"
    assert peak_bytes < 4 * len(packet)
    assert framer.feed(b"\r\nGOOD\r\n", 200) == [Frame(b"GOOD", 200)]
    assert framer.dropped_bytes == 160 * len(packet) - 1024


def test_a_frame_of_exactly_max_bytes_is_whole() -> None:
    framer = Framer(suffixes=[b"\r\n"], max_bytes=4)
    assert framer.feed(b"ABCD\r", 1) + framer.feed(b"\n", 2) == [Frame(b"ABCD", 2)]
    assert framer.feed(b"ABCDE\r\n", 3) == [Frame(b"ABCD", 3, oversize=True)]
    assert framer.dropped_bytes == 1


def test_the_end_of_an_oversize_frame_is_seen_though_it_was_cut() -> None:
    framer = Framer(suffixes=[b"\r\n"], max_bytes=4)
    assert fed(framer, b"ABCDEF\r", b"\nGOOD\r\n") == [b"ABCD", b"GOOD"]
    assert framer.dropped_bytes == 2


def test_without_a_suffix_silence_ends_the_frame() -> None:
    framer = Framer(idle_ms=20)
    assert framer.due_us is None
    assert framer.feed(b"AB", 1_000) == []
    assert framer.feed(b"CD", 15_000) == []
    assert framer.due_us == 35_000
    assert framer.flush(34_999) == []
    assert framer.flush(35_000) == [Frame(b"ABCD", 15_000)]
    assert framer.due_us is None


def test_without_a_suffix_an_oversize_frame_ends_with_silence_too() -> None:
    framer = Framer(idle_ms=20, max_bytes=4)
    assert framer.feed(b"ABCDEF", 0) == [Frame(b"ABCD", 0, oversize=True)]
    assert framer.feed(b"GH", 1_000) == []
    assert framer.flush(21_000) == []
    assert framer.dropped_bytes == 4
    framer.feed(b"IJ", 30_000)
    assert contents(framer.flush(50_000)) == [b"IJ"]


def test_without_a_suffix_a_prefix_still_opens_the_frame() -> None:
    framer = Framer(prefix=b"\x02", idle_ms=20)
    for at_us, packet, expected in [
        (0, b"zz\x02A", [b"A"]),
        (100_000, b"\x02", []),
        (200_000, b"\x02B", [b"B"]),
        (300_000, b"zz", []),
    ]:
        framer.feed(packet, at_us)
        assert contents(framer.flush(at_us + 20_000)) == expected
    assert framer.dropped_bytes == 4


def test_a_lost_link_forgets_the_beginning_of_a_frame_and_counts_it() -> None:
    framer = Framer(suffixes=[b"\r"])
    framer.feed(b"HALF", 0)
    framer.reset()
    assert framer.dropped_bytes == 4
    assert fed(framer, b"NEXT\r") == [b"NEXT"]


def test_settings_that_cannot_work_are_refused() -> None:
    for settings, fault in [
        ({}, "neither"),
        ({"suffixes": [b"\r"], "idle_ms": 20}, "both"),
        ({"suffixes": [b""]}, "empty"),
        ({"suffixes": [b"\r\n", b"\r"], "prefix": b"\n"}, "taken for the end"),
    ]:
        with pytest.raises(ValueError, match=fault):
            Framer(**settings)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Settings:
    prefix: bytes
    suffixes: tuple[bytes, ...]
    max_bytes: int

    def framer(self) -> Framer:
        return Framer(prefix=self.prefix, suffixes=self.suffixes, max_bytes=self.max_bytes)


settings = st.builds(
    Settings,
    prefix=st.sampled_from([b"", b"\x02", b"\x02A"]),
    suffixes=st.sampled_from([ANY_END, (b"\r",), (b"\r\n",), (b"\r", b"\r\n"), (b"\r\n\x03",)]),
    max_bytes=st.integers(1, 8),
)
streams = st.lists(st.sampled_from(b"\r\n\x02\x03AB"), max_size=200).map(bytes)


def cut(stream: bytes, at: list[int]) -> list[bytes]:
    """`stream` in packets that end at the places `at`."""
    places = sorted({place % (len(stream) + 1) for place in at} | {0, len(stream)})
    return [stream[a:b] for a, b in itertools.pairwise(places)]


@given(settings, streams, st.lists(st.integers(0, 1000)))
def test_frames_do_not_depend_on_how_the_bytes_are_cut(
    chosen: Settings, stream: bytes, at: list[int]
) -> None:
    whole, pieces = chosen.framer(), chosen.framer()
    expected = [(f.content, f.oversize) for f in whole.feed(stream, 0)]
    found = [(f.content, f.oversize) for p in cut(stream, at) for f in pieces.feed(p, 0)]
    # An oversize frame comes at once, so a cut stream may show it before its end is there.
    assert found == expected
    whole.reset()
    pieces.reset()
    assert pieces.dropped_bytes == whole.dropped_bytes


@given(streams, st.lists(st.integers(0, 1000)), st.integers(1, 8))
def test_frames_are_what_stands_between_terminators(
    stream: bytes, at: list[int], max_bytes: int
) -> None:
    framer = Framer(suffixes=ANY_END, max_bytes=max_bytes)
    ended = re.split(rb"[\r\n]", stream)[:-1]
    expected = [content[:max_bytes] for content in ended if content]
    unended = re.split(rb"[\r\n]", stream)[-1]
    if len(unended) > max_bytes + 1:
        expected.append(unended[:max_bytes])
    assert fed(framer, *cut(stream, at)) == expected


@given(settings, streams, st.lists(st.integers(0, 1000)))
def test_no_more_is_kept_than_one_frame(chosen: Settings, stream: bytes, at: list[int]) -> None:
    framer = chosen.framer()
    for packet in cut(stream, at):
        framer.feed(packet, 0)
    counted = framer.dropped_bytes
    framer.reset()
    kept = framer.dropped_bytes - counted
    longest = max(map(len, (chosen.prefix, *chosen.suffixes)))
    assert kept <= chosen.max_bytes + longest
