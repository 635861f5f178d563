"""Tying reads to items: never wrong, whatever polling and scanner do."""

from dataclasses import dataclass
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.gate import PATIENCE_US, Clash, Finding, Silence, Stray, Tie, Tracker
from edge_agent.core.inputs import Counter, Read
from edge_agent.core.names import Instant, ItemNumber, StationName

WINDOW_US, SPACING_US = 30_000, 45_000
STATION = StationName("infeed")


def read(at_us: int, text: str | None, since_us: int | None = None) -> Read:
    return Read(Instant(at_us, at_us), STATION, at_us if since_us is None else since_us, text)


def counter(
    asked_us: int, at_us: int, last_item: int, reads_until_us: int | None = None
) -> Counter:
    until_us = at_us if reads_until_us is None else reads_until_us
    return Counter(Instant(at_us, at_us), STATION, ItemNumber(last_item), asked_us, until_us, 1)


LONG_AGO_US = -1_000_000


def tracker(first: Counter | None = None) -> Tracker:
    """A belt that was known to be empty when the tracker began, or as `first` says."""
    if first is None:
        first = counter(LONG_AGO_US, LONG_AGO_US, 0)
        belt = Tracker(first, window_us=WINDOW_US, spacing_us=SPACING_US)
        list(belt.count(counter(0, 0, 0)))
        return belt
    return Tracker(first, window_us=WINDOW_US, spacing_us=SPACING_US)


def test_a_read_after_its_trigger_was_polled_is_tied_at_once() -> None:
    belt = tracker()
    assert list(belt.count(counter(9_000, 9_200, 1))) == []
    assert list(belt.read(read(15_000, "A"))) == [Tie(ItemNumber(1), read(15_000, "A"))]


def test_a_read_before_its_trigger_was_polled_waits_for_the_poll() -> None:
    belt = tracker()
    assert list(belt.read(read(5_000, "A"))) == []
    assert list(belt.count(counter(9_000, 9_200, 1))) == [Tie(ItemNumber(1), read(5_000, "A"))]


def test_an_item_without_an_answer_is_told_when_its_window_ends() -> None:
    belt = tracker()
    list(belt.count(counter(9_000, 9_200, 1)))
    assert list(belt.tick(39_000)) == []
    assert list(belt.tick(39_300)) == [Silence(ItemNumber(1))]


def test_two_codes_for_one_item_take_its_pass_away() -> None:
    belt = tracker()
    list(belt.count(counter(9_000, 9_200, 1)))
    list(belt.read(read(15_000, "A")))
    (clash,) = belt.read(read(16_000, "B"))
    assert isinstance(clash, Clash)
    assert clash.item == 1


def test_a_read_that_two_items_can_claim_rejects_both() -> None:
    belt = tracker()
    # Not polled for 80 ms: two triggers, somewhere in it, and one read.
    assert list(belt.read(read(50_000, "A"))) == []
    findings = list(belt.count(counter(80_000, 80_200, 2)))
    assert {type(f) for f in findings} == {Clash}
    assert {f.item for f in findings if isinstance(f, Clash)} == {1, 2}


def test_a_read_without_an_item_is_given_up_and_told() -> None:
    belt = tracker()
    list(belt.count(counter(100_000, 100_100, 0)))
    assert list(belt.read(read(50_000, "A"))) == [Stray(read(50_000, "A"))]


def test_a_read_seen_late_is_not_taken_for_the_next_items() -> None:
    belt = tracker()
    list(belt.count(counter(9_000, 9_200, 1)))
    # The process stood still until 100 ms; item 2 came, and one read, that may be item 1's.
    seen_late = read(100_000, "A", since_us=9_000)
    findings = list(belt.read(seen_late)) + list(belt.count(counter(100_000, 100_200, 2, 9_000)))
    assert {f.item for f in findings if isinstance(f, Clash)} == {1, 2}


def test_an_answer_to_an_item_from_before_is_not_taken_for_the_next_items() -> None:
    belt = tracker(counter(900, 1_000, 7))
    # Item 7 was triggered just before; item 8 some time in the next 80 ms; then one answer comes.
    assert list(belt.read(read(15_000, "code of item 7"))) == []
    findings = list(belt.count(counter(80_000, 80_200, 8)))
    assert [type(finding) for finding in findings] == [Clash]


@dataclass
class Belt:
    triggers_us: list[int]
    reads: list[tuple[int, int, int]]  # arrived, seen, item
    polls: list[tuple[int, int]]  # asked, answered


@st.composite
def belts(draw: st.DrawFn) -> Belt:
    """Any feeding, any scanner, any polling and any pause that the two stated facts allow."""
    triggers, reads, now_us = [], [], draw(st.sampled_from([-30_000, -1, 50_000]))
    for item in range(1, draw(st.integers(1, 12)) + 1):
        triggers.append(now_us)
        if draw(st.booleans()) or draw(st.booleans()):
            arrived_us = now_us + draw(st.integers(1, WINDOW_US))
            late_us = draw(st.sampled_from([0, 0, 0, 300, 20_000, 100_000]))
            reads.append((arrived_us, arrived_us + late_us, item))
        now_us += SPACING_US + draw(st.sampled_from([0, 1, 500, 10_000, 200_000]))
    polls, at_us = [], 0
    while at_us < max(now_us, 0) + 2 * WINDOW_US + 100_000:
        at_us += draw(st.sampled_from([1_000, 10_000, 12_000, 40_000, 120_000]))
        took_us = draw(st.sampled_from([100, 5_000, 30_000]))
        polls.append((at_us, at_us + took_us))
        at_us += took_us
    return Belt(triggers, reads, polls)


@given(belts(), st.randoms())
def test_no_read_is_ever_tied_to_another_item(belt: Belt, random: Random) -> None:
    owner = {str(item): item for _, _, item in belt.reads}
    # The tracker begins at 0; items before then are on the belt, and their answers may come later.
    before = sum(trigger <= 0 for trigger in belt.triggers_us)
    inputs: list[tuple[int, Read | Counter]] = []
    for arrived_us, seen_us, item in belt.reads:
        since_us = arrived_us - random.choice([1, 5_000])
        inputs.append((seen_us, read(seen_us, str(item), since_us)))
    for asked_us, at_us in belt.polls:
        sampled_us = random.randint(asked_us, at_us)
        seen = sum(trigger <= sampled_us for trigger in belt.triggers_us)
        unseen_us = [arrived for arrived, seen_us, _ in belt.reads if seen_us > at_us]
        until_us = min(at_us, *[arrived - 1 for arrived in unseen_us]) if unseen_us else at_us
        inputs.append((at_us, counter(asked_us, at_us, seen, until_us)))
    inputs.sort(key=lambda pair: pair[0])
    under_test = tracker(counter(0, 0, before))
    found: list[Finding] = []
    for seen_us, given_input in inputs:
        if seen_us <= 0:
            continue
        if isinstance(given_input, Read):
            found += under_test.read(given_input)
        else:
            found += under_test.count(given_input)
    found += under_test.tick(inputs[-1][0] + WINDOW_US + 2 * PATIENCE_US)
    ties = [f for f in found if isinstance(f, Tie)]
    assert all(owner[str(t.read.text)] == t.item for t in ties)
    settled = {f.item for f in found if not isinstance(f, Stray)}
    assert settled == set(range(before + 1, len(belt.triggers_us) + 1))
    assert under_test.waiting == 0


@given(st.lists(st.sampled_from([46_000, 50_000, 60_000]), min_size=1, max_size=20))
def test_a_steady_belt_polled_every_10_ms_loses_no_good_item(gaps_us: list[int]) -> None:
    belt = tracker()
    trigger_us, triggers = 20_000, []
    for gap_us in gaps_us:
        triggers.append(trigger_us)
        trigger_us += gap_us
    found: list[Finding] = []
    reads = [(t + 12_000, i) for i, t in enumerate(triggers, 1)]
    for at_us in range(0, trigger_us + 100_000, 10_000):
        for read_us, item in reads:
            if at_us - 10_000 < read_us <= at_us:
                found += belt.read(read(read_us, str(item)))
        seen = sum(t <= at_us for t in triggers)
        found += belt.count(counter(at_us, at_us + 200, seen))
    assert found == [Tie(ItemNumber(i), read(t, str(i))) for t, i in reads]


def test_an_answer_after_its_window_is_told_as_too_late() -> None:
    under_test = tracker(counter(0, 0, 0))
    found = list(under_test.count(counter(8_000, 10_000, 1)))
    found += under_test.count(counter(45_000, 46_000, 1))
    found += under_test.read(read(45_500, "late"))
    found += under_test.count(counter(55_000, 56_000, 1))
    assert [type(each) for each in found] == [Silence, Stray]
    assert found[1] == Stray(read(45_500, "late"), ItemNumber(1))


def test_the_item_after_an_unanswered_one_does_not_get_its_late_answer() -> None:
    under_test = tracker(counter(0, 0, 0))
    found = list(under_test.count(counter(9_000, 10_000, 1)))
    found += under_test.count(counter(49_000, 50_000, 1))
    assert found == [Silence(ItemNumber(1))]
    found = list(under_test.read(read(52_000, "of item 1")))
    found += under_test.count(counter(58_000, 60_000, 2))
    (clash,) = found
    assert isinstance(clash, Clash)
    assert (clash.item, clash.detail) == (2, "it may be the late answer to item 1")


def test_an_answer_long_after_an_unanswered_item_is_its_own_items() -> None:
    under_test = tracker(counter(0, 0, 0))
    found = list(under_test.count(counter(9_000, 10_000, 1)))
    found += under_test.count(counter(99_000, 100_000, 1))
    found += under_test.count(counter(108_000, 110_000, 2))
    found += under_test.read(read(115_000, "of item 2"))
    found += under_test.count(counter(118_000, 120_000, 2))
    assert [type(each) for each in found] == [Silence, Tie]


@given(st.integers(0, 400_000), st.integers(1_000, 20_000))
def test_an_answer_however_late_is_never_the_next_items_if_it_tells_when_its_picture_was_taken(
    late_us: int, exposed_after_us: int
) -> None:
    """Items every 60 ms; the picture of each is told `late_us` after it was exposed."""
    belt, due, ties = tracker(), list[tuple[int, Read]](), dict[int, str | None]()
    for now_us in range(10_000, 800_000, 10_000):
        item = now_us // 60_000
        if now_us % 60_000 == 0:
            taken_us = now_us + exposed_after_us - 5_000
            due.append((taken_us + late_us, read(taken_us, f"code {item}")))
        findings = list(belt.count(counter(now_us - 200, now_us, item, now_us - 200)))
        while due and due[0][0] <= now_us:
            findings += belt.read(due.pop(0)[1])
        for found in findings:
            if isinstance(found, Tie):
                ties[found.item] = found.read.text
    assert all(text == f"code {item}" for item, text in ties.items())
    if late_us + exposed_after_us < 20_000:
        assert len(ties) > 10
