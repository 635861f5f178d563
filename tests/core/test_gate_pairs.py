"""Two codes of one item at a gate: bound together or not at all, whatever is read and when."""

import re
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_agent.core.effects import Judge, Show, Tone
from edge_agent.core.events import Commissioned, Packed, Passed, Reason, Rejected
from edge_agent.core.gate import PATIENCE_US, Answers, Clash, Finding, Silence, Stray, Tracker
from edge_agent.core.inputs import Counter, Layer, Outcome, Read
from edge_agent.core.names import CodeKey, Instant, ItemNumber
from edge_agent.core.packing import LevelPlan, PairPlan
from edge_agent.core.record import LinePlan
from edge_agent.core.states import State
from tests.core.world import BENCH, INFEED, SPACING_US, UNIT, WINDOW_US, World, key, plan, text

PAIR = PairPlan(re.compile(r"S-(?P<serial>\d+)"), "state code")
NO_READ = None


def paired_plan(*capacities: int, scanners: int = 2, reread_us: int = 0) -> LinePlan:
    """As `plan`, and each unit has a second code ``S-N``."""
    made = plan(*capacities, partial=True)
    infeed = made.stations[INFEED]
    assert infeed.gate is not None
    gate = replace(infeed.gate, scanners=scanners)
    stations = {
        **made.stations,
        INFEED: replace(infeed, gate=gate, reread_us=reread_us),
    }
    return replace(made, levels=(LevelPlan(UNIT, pair=PAIR), *made.levels[1:]), stations=stations)


def unit(number: int) -> str:
    return text(UNIT, number)


def second(number: int) -> CodeKey:
    return CodeKey(f"second:{number}")


class Gate(World):
    """A world whose items come far apart, each with any answers."""

    def __init__(self, line_plan: LinePlan) -> None:
        super().__init__(line_plan)
        self.number = 0
        self.count(0)
        self.now_us += 2 * SPACING_US  # answers to what was on the belt before have come
        self.count(0)

    def present(self, *texts: str | None) -> list[Judge]:
        """One more item and the answers to it; the verdicts on it, when its window has ended."""
        self.number += 1
        self.count(self.number - 1)
        self.now_us += 2 * SPACING_US
        self.count(self.number - 1)
        self.count(self.number)
        effects = []
        for each in texts:
            effects += self.read_item(each)
        effects += self.tick(2 * WINDOW_US)
        return [e for e in effects if isinstance(e, Judge) and e.item == self.number]

    def rejected(self) -> Rejected:
        (event,) = [
            e for e in self.past.events if isinstance(e, Rejected) and e.item == self.number
        ]
        return event

    def made(self) -> list[Commissioned]:
        return [event for event in self.past.events if isinstance(event, Commissioned)]


# --- what one item may be --------------------------------------------------------------------


@pytest.mark.parametrize("texts", [(unit(1), "S-1"), ("S-1", unit(1))])
def test_both_codes_of_an_item_are_one_thing_and_one_pass(texts: tuple[str, str]) -> None:
    world = Gate(paired_plan(2))
    (judge,) = world.present(*texts)
    assert judge.passes
    (made,) = world.made()
    assert (made.key, made.also, made.item, made.text) == (key(UNIT, 1), second(1), 1, unit(1))
    assert world.shows[-1].tone is Tone.GOOD
    world.gate(1, Outcome.PASSED)
    assert [e.key for e in world.past.events if isinstance(e, Passed | Packed)] == [made.key] * 2
    known = world.past.find(second(1))
    assert known is not None and (known.key, known.state) == (key(UNIT, 1), State.PACKED)


def test_no_verdict_before_the_window_has_ended_so_that_none_is_withdrawn() -> None:
    world = Gate(paired_plan())
    world.number = 1
    world.count(1)
    effects = world.read_item(unit(1)) + world.read_item("S-1")
    assert not effects
    assert world.line.gates.waiting == 1
    (judge,) = world.tick(2 * WINDOW_US)
    assert isinstance(judge, Judge) and judge.passes
    assert world.line.gates.waiting == 1, "the gate's word is still due"


@pytest.mark.parametrize(
    ("texts", "reason", "words"),
    [
        ((), Reason.UNREAD, "no answer from the scanner"),
        ((NO_READ,), Reason.UNREAD, "the scanner read nothing"),
        ((NO_READ, NO_READ), Reason.UNREAD, "the scanner read nothing"),
        ((unit(1),), Reason.UNPAIRED, "the state code was not read"),
        ((unit(1), NO_READ), Reason.UNPAIRED, "the state code was not read"),
        (("S-1",), Reason.UNPAIRED, "the product's own code was not read"),
        ((NO_READ, "S-1"), Reason.UNPAIRED, "the product's own code was not read"),
        ((unit(1), unit(2)), Reason.AMBIGUOUS, f"{unit(1)} and {unit(2)} were read"),
        (("S-1", "S-2"), Reason.AMBIGUOUS, "S-1 and S-2 were read"),
        ((unit(1), unit(1)), Reason.AMBIGUOUS, "were read"),
        ((unit(1), "?"), Reason.MALFORMED, "does not match"),
        (("?", "S-1"), Reason.MALFORMED, "does not match"),
        ((unit(8), "S-1"), Reason.DUPLICATE, "first seen at infeed"),
        ((unit(1), "S-8"), Reason.DUPLICATE, f"it is on {key(UNIT, 8)} already"),
        ((unit(8), "S-8"), Reason.DUPLICATE, "first seen at infeed"),
        ((unit(8), "S-9"), Reason.DUPLICATE, "first seen at infeed"),
        ((unit(8),), Reason.DUPLICATE, "first seen at infeed"),
        (("S-8",), Reason.DUPLICATE, f"it is on {key(UNIT, 8)} already"),
        (("level1-1", "S-1"), Reason.WRONG_LEVEL, "code of a level1"),
    ],
)
def test_an_item_without_two_codes_of_its_own_is_rejected_and_nothing_is_bound(
    texts: tuple[str | None, ...], reason: Reason, words: str
) -> None:
    world = Gate(paired_plan(9))
    for number in (8, 9):
        assert world.present(unit(number), f"S-{number}")[0].passes
        world.gate(world.number, Outcome.PASSED)
    nodes = dict(world.past.nodes)
    (judge,) = world.present(*texts)
    assert judge.reason is reason
    rejected = world.rejected()
    assert rejected.reason is reason
    assert words in rejected.detail
    assert rejected.text == (" + ".join(filter(None, texts)) or None), "both are recorded"
    assert world.past.nodes == nodes
    assert world.past.find(key(UNIT, 1)) is None and world.past.find(second(1)) is None
    assert isinstance(world.shows[-1], Show) and world.shows[-1].reason is reason
    # The codes are free: presented as they should be, they pass.
    assert world.present(unit(1), "S-1")[0].passes


def test_a_third_code_in_the_window_rejects_the_item_and_nothing_was_bound() -> None:
    world = Gate(paired_plan())
    judges = world.present(unit(1), "S-1", "S-2")
    assert judges and not any(judge.passes for judge in judges)
    assert not world.made()
    told = [e for e in world.past.events if isinstance(e, Rejected)]
    assert {e.text for e in told} == {unit(1), "S-1", "S-2"}
    assert {(e.reason, e.item) for e in told} == {(Reason.AMBIGUOUS, 1)}


def test_a_thing_that_was_ejected_comes_again_with_both_its_codes_only() -> None:
    world = Gate(paired_plan())
    assert world.present(unit(1), "S-1")[0].passes
    world.gate(1, Outcome.EJECTED)
    assert world.present(unit(1))[0].reason is Reason.UNPAIRED
    assert world.present("S-1")[0].reason is Reason.UNPAIRED
    assert world.present(unit(1), "S-2")[0].reason is Reason.UNPAIRED
    assert "known already, without this second code" in world.rejected().detail
    assert world.present(unit(2), "S-1")[0].reason is Reason.DUPLICATE
    assert world.past.find(second(2)) is None
    assert world.present("S-1", unit(1))[0].passes
    world.gate(world.number, Outcome.PASSED)
    assert world.present("S-1", unit(1))[0].reason is Reason.DUPLICATE


@pytest.mark.parametrize(
    "texts",
    [
        (unit(1), "S-1", unit(2), "S-1"),
        (unit(1), "S-1", unit(1), "S-2"),
        (unit(1), "S-1", unit(1), "S-1"),
    ],
)
def test_items_whose_windows_end_in_one_look_do_not_share_a_code(texts: tuple[str, ...]) -> None:
    world = Gate(paired_plan())
    busy_since_us = world.now_us

    def busy_count(items: int) -> None:
        world.now_us += 10_000
        asked_us = world.now_us - 200
        world.give(
            Counter(world.instant(), INFEED, ItemNumber(items), asked_us, busy_since_us, world.boot)
        )

    effects = []
    for item, (one, other) in enumerate((texts[:2], texts[2:]), 1):
        busy_count(item)
        effects += world.read_item(one) + world.read_item(other)
        world.now_us += 2 * SPACING_US
        busy_count(item)
    assert world.line.gates.waiting == 2
    effects += world.tick(2 * WINDOW_US)
    first, behind = (e for e in effects if isinstance(e, Judge))
    assert (first.reason, behind.reason) == (None, Reason.DUPLICATE)
    assert len(world.made()) == 1


def test_without_second_codes_items_settled_by_one_poll_do_not_share_a_code() -> None:
    world = World(plan())
    world.count(0)
    world.now_us += SPACING_US
    world.count(0)
    effects = []
    # Two triggers and two reads between two polls, far enough apart to be told from each other.
    began_us = world.now_us
    for at_us in (began_us + 5_000, began_us + 85_000):
        world.now_us = at_us
        effects += world.give(Read(world.instant(), INFEED, at_us, unit(1)))
    world.now_us = began_us + 90_000
    effects += world.count(2)
    effects += world.tick(200_000)
    assert [e.reason for e in effects if isinstance(e, Judge)] == [None, Reason.DUPLICATE]


def test_half_an_answer_that_comes_late_is_not_the_next_items() -> None:
    world = Gate(paired_plan())
    world.count(1)
    world.read_item(unit(1))
    world.now_us += SPACING_US - 21_000
    world.count(1)
    world.count(2)
    judges = world.read_item("S-1") + world.read_item(unit(2)) + world.read_item("S-2")
    judges += world.tick(3 * WINDOW_US)
    assert not any(isinstance(each, Judge) and each.passes for each in judges)
    assert not world.made()


@pytest.mark.parametrize(("scanners", "passes"), [(1, True), (2, False)])
def test_the_only_scanners_no_read_is_its_last_word_and_costs_the_item_behind_nothing(
    scanners: int, passes: bool
) -> None:
    world = Gate(paired_plan(scanners=scanners))
    world.count(1)
    world.read_item(NO_READ)
    world.now_us += SPACING_US - 21_000
    world.count(1)
    world.count(2)
    judges = world.read_item(unit(2)) + world.read_item("S-2") + world.tick(3 * WINDOW_US)
    assert any(isinstance(e, Judge) and e.item == 2 and e.passes for e in judges) is passes


def test_a_camera_that_sees_both_codes_says_them_in_one_answer() -> None:
    world = Gate(paired_plan())
    world.count(1)
    world.now_us += 1_000
    reads = (Read(world.instant(), INFEED, world.now_us, each) for each in ("S-1", unit(1)))
    world.give(Layer(tuple(reads)))
    (judge,) = (e for e in world.tick(2 * WINDOW_US) if isinstance(e, Judge))
    assert judge.passes
    (made,) = world.made()
    assert (made.key, made.also) == (key(UNIT, 1), second(1))


def test_a_pass_is_as_old_as_the_window_is_and_not_as_the_read() -> None:
    world = Gate(paired_plan())
    (judge,) = world.present(unit(1), "S-1")
    assert judge.received_us == world.now_us


def test_what_was_read_of_an_item_is_recorded_when_the_session_is_lost() -> None:
    world = Gate(paired_plan())
    world.count(1)
    world.read_item(unit(1))
    world.lose_link()
    (rejected,) = [e for e in world.past.events if isinstance(e, Rejected)]
    assert (rejected.text, rejected.reason) == (unit(1), Reason.AMBIGUOUS)
    assert world.past.find(key(UNIT, 1)) is None


def test_what_waits_for_its_other_code_is_in_a_recording() -> None:
    world = Gate(paired_plan())
    world.count(1)
    world.read_item(unit(1))
    saved = world.line.to_json()
    world.restart()
    world.line.load(saved)
    world.read_item("S-1")
    judges = [e for e in world.tick(2 * WINDOW_US) if isinstance(e, Judge)]
    assert [judge.passes for judge in judges] == [True]


def test_a_thing_bound_at_the_gate_is_found_at_a_bench_by_its_second_code() -> None:
    world = Gate(paired_plan(2))
    world.present(unit(1), "S-1")
    world.gate(1, Outcome.PASSED)
    answer = world.scan("S-1", BENCH)
    assert answer is not None and answer.reason is Reason.DUPLICATE
    assert str(key(UNIT, 1)) in answer.detail


# --- any items, any answers ------------------------------------------------------------------


class Pairs(RuleBasedStateMachine):
    """Things with few codes, so that codes meet again: forged, repeated, half read."""

    @initialize(scanners=st.sampled_from([1, 2]), reread_us=st.sampled_from([0, 300_000]))
    def begin(self, scanners: int, reread_us: int) -> None:
        self.world = Gate(paired_plan(2, scanners=scanners, reread_us=reread_us))
        self.suppresses = reread_us > 0
        self.inside: dict[int, CodeKey] = {}

    @rule(
        answers=st.lists(
            st.one_of(
                st.integers(1, 4).map(unit),
                st.integers(1, 4).map("S-{}".format),
                st.sampled_from([None, "?", "level1-1"]),
            ),
            max_size=3,
        )
    )
    def any_item(self, answers: list[str | None]) -> None:
        self._present(answers)

    @rule(number=st.integers(1, 4), second_first=st.booleans())
    def good_item(self, number: int, second_first: bool) -> None:
        texts: list[str | None] = [unit(number), f"S-{number}"]
        self._present(texts[::-1] if second_first else texts)

    def _present(self, answers: list[str | None]) -> None:
        world, before = self.world, len(self.world.made())
        judges = world.present(*answers)
        made = world.made()[before:]
        passes = [judge for judge in judges if judge.passes]
        assert len(made) == len(passes) <= 1
        if not passes:
            # With repeats suppressed, an item may have no verdict but silence's.
            assert judges and all(judge.reason is not None for judge in judges)
            return
        assert len(judges) == 1, "nothing is withdrawn"
        assert made[0].also is not None
        read = {each for each in answers if each is not None}
        bound = {made[0].text, f"S-{made[0].also.removeprefix('second:')}"}
        # Where repeats are suppressed, what was read before the item is no answer to it.
        assert bound == read if not self.suppresses else bound <= read
        self.inside[world.number] = made[0].key

    @rule(outcome=st.sampled_from(list(Outcome)))
    def gate_answers(self, outcome: Outcome) -> None:
        if self.inside:
            number = next(iter(self.inside))
            del self.inside[number]
            self.world.gate(number, outcome)

    @rule(number=st.integers(1, 2))
    def case_is_closed(self, number: int) -> None:
        self.world.scan(f"level1-{number}")

    @rule()
    def link_is_lost(self) -> None:
        self.world.lose_link()
        self.inside.clear()
        self.world.count(self.world.number)

    @rule()
    def process_dies(self) -> None:
        self.world.restart()
        self.inside.clear()
        self.world.count(self.world.number)

    @invariant()
    def codes_are_bound_one_to_one(self) -> None:
        bound: dict[CodeKey, CodeKey] = {}
        for made in self.world.made():
            if made.item is None:
                continue  # a case
            assert made.also is not None
            assert bound.setdefault(made.key, made.also) == made.also
        assert len(set(bound.values())) == len(bound)
        for number in range(1, 5):
            known = self.world.past.find(second(number))
            assert (known.key if known else None) in {
                first for first, also in bound.items() if also == second(number)
            } or (known is None and second(number) not in bound.values())

    @invariant()
    def nothing_passes_twice(self) -> None:
        passed = Tally(e.key for e in self.world.past.events if isinstance(e, Passed) and e.key)
        assert all(count == 1 for count in passed.values())


TestPairs = Pairs.TestCase
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TestPairs.settings = settings(BUSY, max_examples=40, stateful_step_count=25)


# --- any timing ------------------------------------------------------------------------------


@dataclass
class Day:
    triggers_us: list[int]
    reads: list[tuple[int, int, str]]  # arrived, seen, the code: "u3" or "s3" of item 3
    polls: list[tuple[int, int]]  # asked, answered


@st.composite
def days(draw: st.DrawFn, *, late: bool) -> Day:
    """Any feeding, up to two answers each, any polling and any pause. `late`: one answer comes when
    its item's window has ended, as it can on its way into a busy PC."""
    triggers, reads, now_us = [], [], draw(st.sampled_from([1, 50_000]))
    items = draw(st.integers(1, 10))
    late_item = draw(st.integers(1, items)) if late else None
    for item in range(1, items + 1):
        triggers.append(now_us)
        answers = draw(st.sampled_from(["us", "us", "us", "u", "s", ""]))
        for index, kind in enumerate(answers):
            after_us = draw(st.integers(1, WINDOW_US))
            if item == late_item and index == 0:
                after_us = WINDOW_US + draw(st.integers(0, SPACING_US - 1))
            seen_late_us = draw(st.sampled_from([0, 0, 0, 300, 20_000, 100_000]))
            arrived_us = now_us + after_us
            reads.append((arrived_us, arrived_us + seen_late_us, f"{kind}{item}"))
        now_us += SPACING_US + draw(st.sampled_from([0, 1, 500, 10_000, 200_000]))
    waits_us = st.sampled_from([1_000, 10_000, 12_000, 40_000, 120_000])
    takes_us = st.sampled_from([100, 5_000, 30_000])
    paces = cycle(draw(st.lists(st.tuples(waits_us, takes_us), min_size=1, max_size=8)))
    polls, at_us = [], 0
    while at_us < now_us + 2 * WINDOW_US + 200_000:
        wait_us, took_us = next(paces)
        polls.append((at_us + wait_us, at_us + wait_us + took_us))
        at_us += wait_us + took_us
    return Day(triggers, reads, polls)


def read(at_us: int, said: str, since_us: int) -> Read:
    return Read(Instant(at_us, at_us), INFEED, since_us, said)


def counter(asked_us: int, at_us: int, items: int, until_us: int) -> Counter:
    return Counter(Instant(at_us, at_us), INFEED, ItemNumber(items), asked_us, until_us, 1)


def found_on(day: Day, random: Random) -> Iterator[Finding]:
    inputs: list[tuple[int, Read | Counter]] = []
    for arrived_us, seen_us, said in day.reads:
        since_us = arrived_us - random.choice([1, 5_000])
        inputs.append((seen_us, read(seen_us, said, since_us)))
    for asked_us, at_us in day.polls:
        sampled_us = random.randint(asked_us, at_us)
        items = sum(trigger <= sampled_us for trigger in day.triggers_us)
        unseen_us = [arrived for arrived, seen_us, _ in day.reads if seen_us > at_us]
        until_us = min(at_us, *[arrived - 1 for arrived in unseen_us]) if unseen_us else at_us
        inputs.append((at_us, counter(asked_us, at_us, items, until_us)))
    inputs.sort(key=lambda each: each[0])
    first = counter(-1_000_000, -1_000_000, 0, -1_000_000)
    tracker = Tracker(first, window_us=WINDOW_US, spacing_us=SPACING_US, answers=2, scanners=2)
    yield from tracker.count(counter(0, 0, 0, 0))
    for _, given_input in inputs:
        if isinstance(given_input, Read):
            yield from tracker.read(given_input)
        else:
            yield from tracker.count(given_input)
    yield from tracker.tick(inputs[-1][0] + WINDOW_US + 2 * PATIENCE_US)
    assert tracker.waiting == 0


def reads_of(found: Finding) -> tuple[Read, ...]:
    match found:
        case Answers(reads=reads):
            return reads
        case Clash(read=each) | Stray(read=each):
            return (each,)
        case _:
            return ()


@BUSY
@given(days(late=False), st.randoms())
def test_an_items_answers_are_its_own_and_none_is_lost(day: Day, random: Random) -> None:
    found = list(found_on(day, random))
    told = [each for each in found if isinstance(each, Answers)]
    for each in told:
        said = [str(read.text) for read in each.reads]
        assert {text[1:] for text in said} == {str(each.item)}
        assert len(said) == len(set(said)) <= 2
    settled = Tally(f.item for f in found if isinstance(f, Answers | Silence))
    assert all(count == 1 for count in settled.values())
    clashed = {f.item for f in found if isinstance(f, Clash)}
    assert set(settled) | clashed == set(range(1, len(day.triggers_us) + 1))
    assert not set(settled) & clashed, "nothing is told of an item and withdrawn"
    assert {r.text for f in found for r in reads_of(f)} == {said for _, _, said in day.reads}


@BUSY
@given(days(late=True), st.randoms())
def test_codes_of_two_items_are_never_paired_though_an_answer_is_late(
    day: Day, random: Random
) -> None:
    for each in found_on(day, random):
        if isinstance(each, Answers) and len(each.reads) == 2:
            assert {str(read.text)[1:] for read in each.reads} == {str(each.item)}


@BUSY
@given(st.lists(st.sampled_from([46_000, 50_000, 60_000]), min_size=1, max_size=20))
def test_a_steady_belt_polled_every_10_ms_pairs_every_good_item(gaps_us: list[int]) -> None:
    trigger_us, day = 20_000, Day([], [], [])
    for item, gap_us in enumerate(gaps_us, 1):
        day.triggers_us.append(trigger_us)
        for after_us, kind in ((12_000, "u"), (15_000, "s")):
            day.reads.append((trigger_us + after_us, trigger_us + after_us, f"{kind}{item}"))
        trigger_us += gap_us
    day.polls = [(at_us, at_us + 200) for at_us in range(0, trigger_us + 100_000, 10_000)]
    found = list(found_on(day, Random(1)))
    assert [f.item for f in found if isinstance(f, Answers)] == [*range(1, len(gaps_us) + 1)]
    assert all(len(f.reads) == 2 for f in found if isinstance(f, Answers))
