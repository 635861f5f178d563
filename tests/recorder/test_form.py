"""The written form: what is read is what was written, to the microsecond."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.inputs import Counter, Input, PictureLost, Read, Tick
from edge_agent.core.names import Instant, ItemNumber, StationName
from edge_agent.core.record import Decision
from edge_agent.recorder.form import FORMAT, Decided, Encoder, FormError, Found, Recorded, decode
from tests.recorder.rig import INFEED

US = st.integers(0, 2**50)
INSTANTS = st.builds(Instant, US, US)
COUNTERS = st.builds(
    Counter,
    INSTANTS,
    st.sampled_from([INFEED, StationName("outfeed")]),
    st.integers(0, 2).map(ItemNumber),
    US,
    US,
    st.integers(0, 1),
)
PICTURES = st.binary(min_size=32, max_size=32).map(bytes.hex)
READS = st.builds(
    Read, INSTANTS, st.just(INFEED), US, st.none() | st.text(), picture=st.none() | PICTURES
)
LOSSES = st.builds(PictureLost, INSTANTS, st.just(INFEED), PICTURES, st.text())
INPUTS = st.one_of(st.builds(Tick, INSTANTS, US), COUNTERS, READS, LOSSES)


@given(st.lists(INPUTS, max_size=300))
def test_every_input_is_read_as_it_came_quiet_ones_too(given: list[Input]) -> None:
    encoder = Encoder()
    texts = [text for each in given for text in encoder.lines(Decided(each, Decision(), Found()))]
    texts += encoder.flush()
    recorded = [line for text in texts for line in decode(text)]
    assert [line.given for line in recorded if isinstance(line, Recorded)] == given
    assert [line.n for line in recorded if isinstance(line, Recorded)] == list(range(len(given)))


def test_a_second_of_polls_that_change_nothing_takes_one_line_of_some_twenty_bytes_each() -> None:
    encoder = Encoder()
    first = Counter(Instant(10**9, 10**15), INFEED, ItemNumber(7), 10**9 - 300, 10**9, 1)
    texts = []
    for step in range(101):
        mono_us = 10**9 + 10_003 * step
        poll = replace(first, at=Instant(mono_us, 10**15 + 10_003 * step), asked_us=mono_us - 300)
        texts += encoder.lines(Decided(poll, Decision(), Found()))
    texts += encoder.flush()
    assert len(texts) == 2  # the first tells where the count is
    assert len(texts[1]) < 25 * 100 + 100


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{}", "is no line of a recording: {}"),
        ("[1", "is no line of a recording"),
        ('{"head":{"format":9,"version":"7.0"}}', f"format is 9, expected {FORMAT}"),
        ('{"n":1,"input":{"kind":"Reed"}}', "kind is 'Reed', expected one of Read, Layer, Counter"),
        ('{"n":1,"input":{"kind":"Tick","at":{"mono_us":1,"utc_us":"x"},"reads_until_us":1}}',
         "at.utc_us is 'x'"),
        ('{"n":1,"quiet":{"at":[1,2],"gates":[],"rows":[[1,2,3,4,0]]}}', "no line of a recording"),
        ('{"words":{"what":"status"}}', "at is"),
    ],
)  # fmt: skip
def test_what_is_no_line_is_refused_and_named(text: str, fault: str) -> None:
    with pytest.raises(FormError, match=fault.replace("{}", r"\{\}")):
        decode(text)


def test_text_that_is_no_utf_8_text_survives() -> None:
    read = Read(Instant(1, 2), INFEED, 0, 'a\udc80"\n\x1d中')
    (text,) = Encoder().lines(Decided(read, Decision(), Found()))
    (line,) = decode(text.encode("utf-8", "backslashreplace").decode())
    assert isinstance(line, Recorded)
    assert line.given == read
    assert json.loads(text)["n"] == 0
