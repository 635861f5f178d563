"""Which frame is for which trigger, and when that is answered, in virtual time.

The worlds are drawn at random."""

from collections import deque
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_agent.camera.buffer import Shot, Waiting
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.gathering import Outcome, ThingCodes
from edge_agent.camera.slots import Place
from edge_agent.camera.symbols import Engine, Format, Reading, Symbol
from edge_agent.camera.triggers import Rules, Trigger, Triggers

PLAN = ReadingPlan((Format.DATA_MATRIX,))
CORNERS = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


def symbol(text: str) -> Symbol:
    return Symbol(text, "]d2", Format.DATA_MATRIX, CORNERS, Engine.ZXING, "plain")


@dataclass
class World:
    """Triggers with a clock, frames and decoders that the test moves."""

    rules: Rules
    plan: ReadingPlan = PLAN
    now_us: int = 1_000_000
    answers: list[tuple[Trigger, int]] = field(default_factory=list)
    given_up: list[Shot] = field(default_factory=list)
    decoding: deque[Waiting[Trigger]] = field(default_factory=deque)
    shots: int = 0

    def __post_init__(self) -> None:
        self.triggers = Triggers(
            self.rules,
            lambda: ThingCodes(self.plan),
            lambda trigger: self.answers.append((trigger, self.now_us)),
            self.given_up.append,
        )

    def sleep(self, duration_us: int) -> None:
        """As the role's timer does: never past the moment at which something is due."""
        end_us = self.now_us + duration_us
        while (due_us := self.triggers.due_us) is not None and due_us <= end_us:
            self.now_us = max(self.now_us, due_us)
            self.triggers.tick(self.now_us)
        self.now_us = end_us

    def frame(
        self,
        *,
        other: bool = False,
        room: bool = True,
        repeated: bool = False,
        taken_us: int | None = None,
        latency_us: int = 0,
    ) -> Shot:
        self.shots += 1
        place = Place(self.shots, (2, 2)) if room else None
        taken_us = self.now_us - latency_us if taken_us is None else taken_us
        shot = Shot(place, taken_us, self.now_us - taken_us, other, repeated)
        self.triggers.frame(shot, self.now_us)
        return shot

    def take(self) -> Waiting[Trigger] | None:
        waiting = self.triggers.take()
        if waiting is not None:
            self.decoding.append(waiting)
        return waiting

    def decoded(self, waiting: Waiting[Trigger], *texts: str, failure: str = "") -> None:
        self.decoding.remove(waiting)
        reading = Reading(tuple(symbol(text) for text in texts))
        outcome = Outcome(waiting.shot.taken_us, reading, failure=failure)
        self.triggers.decoded(waiting, outcome, self.now_us)

    def read(self, *texts: str) -> None:
        """The next frame is decoded at once."""
        waiting = self.take()
        assert waiting is not None
        self.decoded(waiting, *texts)

    @property
    def told(self) -> list[list[str]]:
        """What each answer says: its codes, or none."""
        return [
            [code.text for code in trigger.gathering.codes()]
            if trigger.gathering.is_complete
            else []
            for trigger, _ in self.answers
        ]


def line(deadline_us: int = 100_000, buffer_frames: int = 4) -> World:
    return World(Rules("line", deadline_us, buffer_frames))


def camera(frames: int | None = None, buffer_frames: int = 4) -> World:
    return World(Rules("camera", 100_000, buffer_frames, frames))


def presence() -> World:
    return World(Rules("presence", 100_000, 4))


# --- any world ---------------------------------------------------------------------------------


class AnyWorld(RuleBasedStateMachine):
    """Frames, triggers, stalls and decoders in any order."""

    @initialize(
        mode=st.sampled_from(["line", "camera", "presence"]),
        deadline_ms=st.integers(5, 300),
        buffer_frames=st.integers(2, 6),
        frames=st.sampled_from([None, 1, 3]),
        expected=st.integers(1, 2),
    )
    def begin(self, mode, deadline_ms, buffer_frames, frames, expected) -> None:
        rules = Rules(mode, deadline_ms * 1_000, buffer_frames, frames)
        self.world = World(rules, ReadingPlan((Format.DATA_MATRIX,), expected=expected))
        self.handed: list[Shot] = []

    @rule(duration_us=st.integers(0, 120_000))
    def time_passes(self, duration_us: int) -> None:
        self.world.sleep(duration_us)

    @rule(other=st.booleans(), room=st.sampled_from([True, True, True, False]))
    def frame(self, other: bool, room: bool) -> None:
        self.handed.append(self.world.frame(other=other, room=room))

    @rule()
    def trigger(self) -> None:
        self.world.triggers.ask(self.world.now_us)

    @rule()
    def decoder_begins(self) -> None:
        self.world.take()

    @rule(data=st.data(), texts=st.lists(st.sampled_from("ABC"), max_size=2))
    def decoder_reads(self, data, texts: list[str]) -> None:
        if self.world.decoding:
            self.world.decoded(data.draw(st.sampled_from(list(self.world.decoding))), *texts)

    @rule(data=st.data())
    def decoder_dies(self, data) -> None:
        if self.world.decoding:
            waiting = data.draw(st.sampled_from(list(self.world.decoding)))
            self.world.decoded(waiting, failure="the decoder crashed")

    @rule()
    def somebody_looks(self) -> None:
        self.world.triggers.is_watched = not self.world.triggers.is_watched

    @invariant()
    def answers_come_in_order_and_in_time(self) -> None:
        if not hasattr(self, "world"):
            return
        answers = self.world.answers
        assert [trigger.number for trigger, _ in answers] == list(range(1, len(answers) + 1))
        for trigger, at_us in answers:
            assert at_us - trigger.at_us < self.world.rules.deadline_us
            assert trigger.gathering.is_complete or trigger.why
        counts = self.world.triggers.counts
        assert counts.answers == len(answers)
        assert counts.no_reads == self.world.told.count([])

    @invariant()
    def memory_is_bounded(self) -> None:
        if hasattr(self, "world"):
            assert self.world.triggers.waiting <= self.world.rules.buffer_frames

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.sleep(world.rules.deadline_us)
        assert len(world.answers) == world.triggers.counts.triggers
        while world.take():
            pass
        for waiting in list(world.decoding):
            world.decoded(waiting, "A")
        world.sleep(world.rules.deadline_us)
        assert len(world.answers) == world.triggers.counts.triggers
        # Each frame is given back once: here by being given up, or by having been decoded.
        assert len(world.given_up) == len(set(map(id, world.given_up)))
        assert all(trigger.pending == 0 for trigger, _ in world.answers)


TestAnyWorld = AnyWorld.TestCase
TestAnyWorld.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


# --- the line says when ------------------------------------------------------------------------


def test_the_frame_taken_after_the_trigger_is_the_one() -> None:
    world = line()
    before = world.frame()
    world.sleep(1_000)
    world.triggers.ask(world.now_us)
    world.sleep(1_000)
    after = world.frame()
    waiting = world.take()
    assert waiting is not None and waiting.shot is after
    assert world.given_up == [before]


def test_further_frames_are_tried_until_one_is_read() -> None:
    world = line()
    world.triggers.ask(world.now_us)
    for texts in ([], [], ["A"]):
        world.sleep(10_000)
        world.frame()
        world.read(*texts)
    assert world.told == [["A"]]
    assert world.answers[0][1] == world.now_us


def test_without_a_frame_the_answer_is_a_no_read_before_the_deadline() -> None:
    world = line(deadline_us=100_000)
    world.triggers.fault = "camera unplugged"
    world.triggers.ask(world.now_us)
    world.sleep(200_000)
    [(trigger, at_us)] = world.answers
    assert at_us - trigger.at_us < 100_000
    assert trigger.why == "no frame came within 100 ms: camera unplugged"


def test_two_triggers_have_different_frames_and_answers_in_order() -> None:
    world = line()
    for _ in range(2):
        world.triggers.ask(world.now_us)
        world.sleep(1_000)
        world.frame()
    first, second = world.take(), world.take()
    assert first and second
    world.decoded(second, "B")
    assert world.told == []
    world.decoded(first, "A")
    assert world.told == [["A"], ["B"]]


def test_a_frame_exposed_before_the_trigger_is_not_its_frame_however_late_it_arrives() -> None:
    world = line(deadline_us=1_000_000)
    world.triggers.ask(world.now_us)
    world.sleep(50_000)
    world.frame(latency_us=200_000)
    assert world.take() is None
    world.sleep(150_001)
    world.frame(latency_us=200_000)
    world.read("A")
    assert world.told == [["A"]]


def test_a_frame_in_flight_when_the_next_trigger_comes_is_the_earlier_ones() -> None:
    world = line(deadline_us=1_000_000)
    world.triggers.ask(world.now_us)
    commanded_us = world.now_us + 10_000
    world.sleep(50_000)
    world.triggers.ask(world.now_us)
    world.sleep(50_000)
    world.frame(taken_us=commanded_us)
    world.read("A")
    world.frame(taken_us=world.now_us - 10_000)
    world.read("B")
    assert world.told == [["A"], ["B"]]


def test_a_second_try_in_flight_when_the_next_trigger_comes_is_not_for_that_one() -> None:
    world = line(deadline_us=1_000_000)
    world.triggers.ask(world.now_us)
    world.sleep(10_000)
    world.frame()
    world.read()
    commanded_us = world.now_us
    world.sleep(10_000)
    world.triggers.ask(world.now_us)
    world.sleep(10_000)
    world.frame(taken_us=commanded_us)
    assert world.take() is None
    assert world.triggers.wants_frame
    world.frame()
    world.read("B")
    assert world.told == [[], ["B"]]


def test_of_two_triggers_before_a_frame_the_newer_has_it_and_the_older_is_a_no_read() -> None:
    world = line()
    world.triggers.ask(world.now_us)
    world.sleep(60_000)
    world.triggers.ask(world.now_us)
    world.sleep(20_000)
    world.frame()
    world.read("B")
    assert world.told == [[], ["B"]]
    assert world.answers[0][0].why == "another trigger came before a frame"


def test_a_late_picture_has_its_whole_deadline_from_when_it_arrives() -> None:
    world = camera()
    world.frame(latency_us=500_000)
    world.sleep(80_000)
    world.read("A")
    assert world.told == [["A"]]


def test_an_answer_of_a_decoder_after_the_deadline_is_counted_and_thrown_away() -> None:
    world = line()
    world.triggers.ask(world.now_us)
    world.frame()
    waiting = world.take()
    assert waiting
    world.sleep(200_000)
    assert world.told == [[]]
    assert world.answers[0][0].why == "decoding took longer than 100 ms"
    world.decoded(waiting, "A")
    assert world.told == [[]]
    assert world.triggers.counts.late == 1


def test_a_trigger_without_room_is_answered_at_once_and_counted() -> None:
    world = line(buffer_frames=2)
    for _ in range(2):
        world.triggers.ask(world.now_us)
        world.frame()
    world.triggers.ask(world.now_us)
    assert world.triggers.counts.refused == 1
    world.read("A")
    world.read("B")
    assert world.told == [["A"], ["B"], []]
    assert world.answers[2][0].why.startswith("2 triggered frames wait for a decoder")
    assert world.given_up == []


def test_a_lost_decoder_costs_one_frame_and_the_next_frame_is_tried() -> None:
    world = line()
    world.triggers.ask(world.now_us)
    world.frame()
    waiting = world.take()
    assert waiting
    world.decoded(waiting, failure="the decoder crashed on this frame: SIGSEGV")
    world.frame()
    world.read("A")
    assert world.told == [["A"]]


def test_one_code_of_two_is_a_no_read_that_says_so() -> None:
    world = World(Rules("line", 100_000, 4), ReadingPlan((Format.DATA_MATRIX,), expected=2))
    world.triggers.ask(world.now_us)
    world.frame()
    world.read("A")
    world.sleep(100_000)
    assert world.told == [[]]
    assert world.answers[0][0].why == "1 of 2 codes read in 1 frame"


def test_codes_of_several_frames_add_up_to_what_is_expected() -> None:
    world = World(Rules("line", 100_000, 4), ReadingPlan((Format.DATA_MATRIX,), expected=2))
    world.triggers.ask(world.now_us)
    for text in "AB":
        world.frame()
        world.read(text)
    assert world.told == [["A", "B"]]


def ean(frames_agree: str) -> World:
    plan = ReadingPlan((Format.EAN_13,), agreement=frames_agree)  # type: ignore[arg-type]
    return World(Rules("line", 100_000, 4), plan)


def doubt(world: World, *texts: str) -> None:
    """The next frame shows codes that are not to be trusted alone."""
    world.frame()
    waiting = world.take()
    assert waiting
    world.decoding.remove(waiting)
    reading = Reading(doubted=tuple(symbol(text) for text in texts))
    outcome = Outcome(waiting.shot.taken_us, reading)
    world.triggers.decoded(waiting, outcome, world.now_us)


def test_an_ean_is_believed_when_two_frames_agree() -> None:
    world = ean("frames")
    world.triggers.ask(world.now_us)
    doubt(world, "6971234567802")
    assert world.told == []
    doubt(world, "6971234567802")
    assert world.told == [["6971234567802"]]


def test_an_ean_on_which_no_two_frames_agree_is_a_no_read_that_shows_it() -> None:
    world = ean("frames")
    world.triggers.ask(world.now_us)
    doubt(world, "6971234567802")
    doubt(world, "6971234567819")
    world.sleep(100_000)
    assert world.told == [[]]
    why = world.answers[0][0].why
    assert why == "nothing read in 2 frames; seen, but not sure: 6971234567802, 6971234567819"


def test_where_engines_must_agree_frames_do_not_stand_in_for_them() -> None:
    world = ean("engines")
    world.triggers.ask(world.now_us)
    doubt(world, "6971234567802")
    doubt(world, "6971234567802")
    world.sleep(100_000)
    assert world.told == [[]]


# --- the camera says when -----------------------------------------------------------------------


def test_each_frame_of_a_triggered_camera_is_answered() -> None:
    world = camera()
    for text in ("A", None, "B"):
        world.frame()
        world.read(*(text or ""))
        world.sleep(1_000)
    assert world.told == [["A"], [], ["B"]]


def test_a_triggered_frame_is_never_dropped_and_one_without_room_is_a_no_read() -> None:
    world = camera(buffer_frames=2)
    frames = [world.frame() for _ in range(4)]
    assert world.given_up == frames[2:]
    world.read("A")
    world.read("B")
    assert world.told == [["A"], ["B"], [], []]
    assert world.triggers.counts.refused == 2
    assert world.triggers.counts.dropped == 0


def test_the_same_picture_again_is_a_thing_that_was_not_read() -> None:
    world = camera()
    world.frame()
    world.read("A")
    world.frame(room=False, repeated=True)
    assert world.told == [["A"], []]
    assert world.answers[1][0].why == "the camera sent the same picture again"
    assert world.triggers.counts.refused == 0


def test_a_burst_is_one_trigger_and_what_is_left_of_it_is_none() -> None:
    world = camera(frames=3)
    for texts in (["A"], [], []):
        world.frame()
        if world.take():
            world.decoded(world.decoding[0], *texts)
        world.sleep(5_000)
    world.frame()
    world.read("B")
    assert world.told == [["A"], ["B"]]
    assert world.triggers.counts.triggers == 2


# --- the picture says when ----------------------------------------------------------------------


def test_a_thing_that_stays_is_triggered_once() -> None:
    world = presence()
    for _ in range(30):
        world.frame(other=True)
        while waiting := world.take():
            world.decoded(waiting, "A")
        world.sleep(33_000)
    assert world.told == [["A"]]


def test_the_next_thing_is_triggered_when_the_first_has_left() -> None:
    world = presence()
    for text in "AB":
        for _ in range(3):
            world.frame(other=True)
            while waiting := world.take():
                world.decoded(waiting, text)
            world.sleep(33_000)
        for _ in range(20):
            world.frame()
            while waiting := world.take():
                world.decoded(waiting)
            world.sleep(33_000)
    assert world.told == [["A"], ["B"]]


@pytest.mark.parametrize("gap_frames", [2, 3, 5])
def test_a_thing_that_cannot_be_read_is_told_behind_a_short_gap(gap_frames: int) -> None:
    world = presence()
    slow: deque[tuple[int, Waiting[Trigger]]] = deque()
    for number in range(50):
        is_first = number < 10
        world.frame(other=is_first or 10 + gap_frames <= number < 25)
        while slow and slow[0][0] <= world.now_us:
            world.decoded(slow.popleft()[1])
        while len(slow) < 2 and (waiting := world.take()):
            if is_first:
                world.decoded(waiting, "A")
            else:
                slow.append((world.now_us + 30_000, waiting))
        world.sleep(16_667)
    assert world.told == [["A"], []]


def test_a_look_that_is_late_does_not_bring_back_a_thing_that_has_left() -> None:
    world = presence()
    world.frame(other=True)
    world.read("A")
    world.sleep(60_000)
    world.frame(other=True)
    late = world.take()
    assert late
    world.sleep(33_000)
    world.frame()
    world.read()
    world.sleep(33_000)
    world.frame()
    world.decoded(late, "A")
    assert world.told == [["A"]]


def test_what_moves_and_never_leaves_is_a_fault_until_it_leaves() -> None:
    world = presence()
    for _ in range(600):
        assert world.triggers.stuck(world.now_us) is None
        world.frame(other=True)
        world.sleep(100_000)
    assert "in view for 60 s" in (world.triggers.stuck(world.now_us) or "")
    world.frame()
    assert world.triggers.stuck(world.now_us) is None


def test_things_that_touch_each_other_are_told_apart_by_their_codes() -> None:
    world = presence()
    for text in "AB":
        for _ in range(4):
            world.frame(other=True)
            while waiting := world.take():
                world.decoded(waiting, text)
            world.sleep(33_000)
    assert world.told == [["A"], ["B"]]


def test_a_code_on_what_looks_like_the_background_is_a_thing() -> None:
    world = presence()
    for _ in range(3):
        world.frame(other=False)
        while waiting := world.take():
            world.decoded(waiting, "A")
        world.sleep(250_000)
    assert world.told == [["A"]]


def test_an_empty_belt_is_decoded_a_few_times_a_second_only() -> None:
    world = presence()
    looks = 0
    for _ in range(60):
        world.frame()
        while waiting := world.take():
            world.decoded(waiting)
            looks += 1
        world.sleep(16_667)
    assert looks in (5, 6)


def test_a_thing_that_shows_its_code_after_its_deadline_is_told_once_more() -> None:
    world = presence()
    for number in range(20):
        world.frame(other=True)
        while waiting := world.take():
            world.decoded(waiting, *("A" if number > 10 else ""))
        world.sleep(20_000)
    assert world.told == [[], ["A"]]


def test_a_thing_that_is_not_read_is_a_no_read_at_its_deadline() -> None:
    world = presence()
    for _ in range(10):
        world.frame(other=True)
        while waiting := world.take():
            world.decoded(waiting)
        world.sleep(20_000)
    assert world.told == [[]]
    assert world.answers[0][0].why == "nothing read in 5 frames"


def test_when_decoding_is_late_the_oldest_frame_that_nobody_asked_for_is_dropped() -> None:
    world = line(buffer_frames=2)
    world.triggers.is_watched = True
    frames = []
    for _ in range(4):
        frames.append(world.frame())
        world.sleep(250_000)
    assert world.given_up == frames[:2]
    assert world.triggers.counts.dropped == 2


@pytest.mark.parametrize("deadline_ms", [5, 20, 1_000])
def test_an_answer_leaves_with_time_for_its_way(deadline_ms: int) -> None:
    world = line(deadline_us=deadline_ms * 1_000)
    world.triggers.ask(world.now_us)
    world.sleep(2_000_000)
    [(trigger, at_us)] = world.answers
    assert at_us - trigger.at_us <= deadline_ms * 1_000 - min(3_000, deadline_ms * 250)


@pytest.mark.parametrize("expected", [1, 2])
def test_more_codes_in_view_than_are_expected_are_no_answer(expected: int) -> None:
    world = World(Rules("camera", 100_000, 8), replace(PLAN, expected=expected))
    world.frame()
    world.read(*"ABC"[: expected + 1])
    ((trigger, _),) = world.answers
    assert not trigger.gathering.is_complete
    assert f"{expected + 1} codes in view" in trigger.why
