"""Packing by hand at benches that fill containers of their own: by promise."""

import re
from typing import Any

import pytest

from edge_agent.core.codes import CodeKind, Form
from edge_agent.core.commands import Command
from edge_agent.core.effects import Print, Show, Tone
from edge_agent.core.events import (
    Closed,
    Commissioned,
    Event,
    OrderChanged,
    Packed,
    Parked,
    Reason,
    Rejected,
    Stopped,
    Subject,
)
from edge_agent.core.inputs import (
    Badge,
    Edit,
    Input,
    Layer,
    OrderStart,
    Press,
    PrinterWord,
    Read,
)
from edge_agent.core.labels import LabelPlan
from edge_agent.core.line import Line
from edge_agent.core.names import CodeKey, Instant, JobId, LevelName, PersonId, StationName
from edge_agent.core.packing import LevelPlan, PairPlan
from edge_agent.core.past import Past
from edge_agent.core.people import Person, Role
from edge_agent.core.record import LinePlan, PeoplePlan, StationPlan
from edge_agent.core.sscc import SsccRange
from edge_agent.core.state import LineState
from edge_agent.core.verify import Due

UNIT, CASE, PALLET = LevelName("unit"), LevelName("case"), LevelName("pallet")
ONE, TWO, LINE = StationName("bench-1"), StationName("bench-2"), StationName("line")
MILK, TEA = "06971234567802", "06901234567892"
SSCC = SsccRange("6971234", 0, 1, 3)
SUE = Person(PersonId("sue"), "Sue", Role.SUPERVISOR)


def plan(
    *,
    people: PeoplePlan | None = None,
    pallet_by_scan: bool = True,
    pallet_mixed: bool = False,
    **case: Any,
) -> LinePlan:
    """Units into cases of three at two benches, cases onto pallets of two there as well. A unit
    says ``01GTIN21SERIAL``, and maybe its lot after a ``/``."""
    unit = re.compile(r"01(?P<gtin>\d{14})21(?P<serial>\w+)(/(?P<lot>\w+))?")
    pair = case.pop("pair", None)
    levels = (
        LevelPlan(UNIT, pair=pair),
        LevelPlan(CASE, 3, **{"by_scan": True, **case}),
        LevelPlan(PALLET, 2, by_scan=pallet_by_scan, mixed=pallet_mixed),
    )
    forms = (
        Form(UNIT, CodeKind.PLAIN, pattern=unit),
        Form(CASE, CodeKind.PLAIN, pattern=re.compile(r"case-\d+")),
        Form(CASE, CodeKind.GS1, ("00",), pattern=re.compile(r"000\d+")),
        Form(PALLET, CodeKind.PLAIN, pattern=re.compile(r"pallet-\d+")),
    )
    packs = (UNIT, CASE)
    due = Due((UNIT, CASE, PALLET), {}, gated=False, packs=packs)
    stations = {name: StationPlan(name, due, 0) for name in (ONE, TWO)}
    return LinePlan(levels, forms, stations, people or PeoplePlan(), LINE)


class Bench:
    """Gives a line what is scanned, and keeps what it shows, prints and records."""

    def __init__(self, line_plan: LinePlan | None = None) -> None:
        self.plan = line_plan or plan()
        self.past = Past()
        self.line = Line(self.plan, LineState(self.plan.levels), self.past)
        self.events: list[Event] = []
        self.shown: list[Show] = []
        self.labels: list[Print] = []
        self.now_us = 0

    def give(self, given: Input) -> Show:
        """`given`; the last thing that is shown."""
        decision = self.line.decide(given)
        for event in decision.events:
            self.past.append(event)
        self.events += decision.events
        self.shown += [each for each in decision.effects if isinstance(each, Show)]
        self.labels += [each for each in decision.effects if isinstance(each, Print)]
        return self.shown[-1]

    def at(self) -> Instant:
        self.now_us += 20_000_000
        return Instant(self.now_us, self.now_us)

    def scan(self, *texts: str, station: StationName = ONE) -> Show:
        for text in texts:
            at = self.at()
            show = self.give(Read(at, station, at.mono_us, text))
        return show

    def scan_together(self, *texts: str) -> Show:
        at = self.at()
        return self.give(Layer(tuple(Read(at, ONE, at.mono_us, text) for text in texts)))

    def press(self, command: Command, argument: str = "", station: StationName = ONE) -> Show:
        return self.give(Press(self.at(), station, command, argument))

    def show_badge(self, person: Person = SUE, station: StationName = ONE) -> Show:
        return self.give(Badge(self.at(), station, "badge", person))

    def edit(self, subject: Subject, number: str, **new: str) -> Show:
        return self.give(Edit(self.at(), LINE, subject, number, new, None, "a test"))

    def order(self, number: str, **values: str) -> None:
        """A new order, worked on from now on."""
        assert self.edit(Subject.ORDER, number, **{"gtin": MILK, **values}).tone is Tone.GOOD
        self.give(OrderStart(self.at(), LINE, number, by=PersonId("sue")))

    def children(self, code: str) -> list[str]:
        """What lies in the container that `code` names."""
        known = self.past.find(CodeKey(code))
        assert known is not None and known.holds is not None
        container = self.past.container(known.holds)
        assert container is not None
        return list(container.children)

    def all(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def restart(self) -> None:
        """As after a kill: the state is what the journal says."""
        state = LineState(self.plan.levels)
        for event in self.events:
            state.apply(event)
        assert state.to_json() == self.line.state.to_json()
        self.line = Line(self.plan, state, self.past)


def milk(number: int, lot: str = "") -> str:
    return f"01{MILK}21M{number}" + (f"/{lot}" if lot else "")


def milks(*numbers: int) -> list[str]:
    return list(map(milk, numbers))


def teas(*numbers: int) -> list[str]:
    return [f"01{TEA}21T{number}" for number in numbers]


def sscc(number: int) -> str:
    return f"00{SSCC.sscc(number)}"


LABEL = LabelPlan("case", "zebra", SSCC)


# --- codes before and after ------------------------------------------------------------------


def test_a_case_is_filled_and_its_code_closes_it() -> None:
    bench = Bench()
    assert bench.scan(*milks(1, 2)).tone is Tone.GOOD
    assert bench.scan(milk(3)).tone is Tone.FULL
    assert bench.scan("case-1").tone is Tone.FULL
    assert bench.children("plain:case-1") == milks(1, 2, 3)


def test_a_case_whose_code_is_scanned_first_closes_by_itself_when_it_is_full() -> None:
    bench = Bench()
    bench.scan("case-1", *milks(1, 2))
    assert not bench.all(Closed)
    assert bench.scan(milk(3)).tone is Tone.FULL
    assert bench.children("plain:case-1") == milks(1, 2, 3)
    assert len(bench.all(Closed)) == 1


def test_each_bench_fills_its_own_case() -> None:
    bench = Bench()
    for number in (1, 3, 5):
        bench.scan(milk(number))
        bench.scan(milk(number + 1), station=TWO)
    bench.scan("case-2", station=TWO)
    bench.scan("case-1")
    assert bench.children("plain:case-1") == milks(1, 3, 5)
    assert bench.children("plain:case-2") == milks(2, 4, 6)


@pytest.mark.parametrize("elsewhere", [["case-1"], [*milks(7, 8, 9), "case-1"]])
@pytest.mark.parametrize("leave", ["badge", "confirm"])
def test_a_case_code_that_waits_for_leave_and_is_used_elsewhere_meanwhile_names_no_other(
    leave: str, elsewhere: list[str]
) -> None:
    bench = Bench(plan(partial=True))
    if leave == "confirm":
        bench.show_badge()
    assert bench.scan(milk(1), "case-1").tone is Tone.ASK
    bench.scan(*elsewhere, station=TWO)
    shown = bench.show_badge() if leave == "badge" else bench.press(Command.CONFIRM)
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.REFUSED)
    assert [(each.key, each.station) for each in bench.all(Closed)] == (
        [("plain:case-1", TWO)] if len(elsewhere) > 1 else []
    )
    assert bench.children("plain:case-1") == elsewhere[:-1]
    assert [each.text for each in bench.all(Rejected)] == ["case-1"]
    assert bench.scan("case-2").tone is Tone.ASK, "the case at hand is still there"


def test_two_benches_do_not_fill_one_case() -> None:
    bench = Bench()
    bench.scan("case-1")
    shown = bench.scan("case-1", station=TWO)
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.DUPLICATE)
    assert shown.first is not None and shown.first.station == ONE


def test_a_closed_case_goes_onto_the_pallet_when_it_is_scanned() -> None:
    bench = Bench()
    for number in (1, 2):
        bench.scan(*milks(*range(3 * number, 3 * number + 3)), f"case-{number}")
    assert all(event.level == UNIT for event in bench.all(Packed))
    bench.scan("case-1", "case-2", "pallet-1")
    assert bench.children("plain:pallet-1") == ["plain:case-1", "plain:case-2"]


def test_where_pallets_are_not_filled_by_scanning_a_closed_case_goes_on_by_itself() -> None:
    bench = Bench(plan(pallet_by_scan=False))
    bench.scan(*milks(1, 2, 3), "case-1", *milks(4, 5, 6), "case-2", "pallet-1")
    assert bench.children("plain:pallet-1") == ["plain:case-1", "plain:case-2"]


def test_a_full_case_waits_for_its_code_and_takes_no_more() -> None:
    bench = Bench()
    shown = bench.scan(*milks(1, 2, 3, 4))
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.OVERFULL)


def test_a_case_that_is_not_full_is_closed_with_a_supervisors_leave_only() -> None:
    bench = Bench(plan(partial=True))
    bench.scan(*milks(1, 2))
    assert bench.scan("case-1").tone is Tone.ASK
    assert not bench.all(Closed)
    assert bench.show_badge().tone is not Tone.BAD
    (closed,) = bench.all(Closed)
    assert (closed.key, closed.approved_by) == ("plain:case-1", "sue")
    assert list(closed.children) == milks(1, 2)


def test_where_counts_are_fixed_nobody_closes_a_case_that_is_not_full() -> None:
    bench = Bench()
    shown = bench.scan(milk(1), "case-1")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.INCOMPLETE)
    assert bench.press(Command.CLOSE).tone is not Tone.GOOD
    assert not bench.all(Closed)


def test_nothing_lies_in_two_containers() -> None:
    bench = Bench()
    bench.scan(*milks(1, 2, 3), "case-1")
    shown = bench.scan(milk(1), station=TWO)
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.ALREADY_PACKED)
    assert "plain:case-1" in str(shown.saying)


# --- what lies together ----------------------------------------------------------------------


def test_another_product_does_not_go_into_the_case() -> None:
    bench = Bench()
    bench.scan(milk(1))
    shown = bench.scan(f"01{TEA}21T1")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.MIXED)
    assert Bench(plan(mixed=True)).scan(milk(1), f"01{TEA}21T1").tone is Tone.GOOD


def test_a_case_of_another_product_does_not_go_onto_the_pallet() -> None:
    bench = Bench()
    bench.scan("case-1", *milks(1, 2, 3), "case-2", *teas(4, 5, 6), "case-1")
    shown = bench.scan("case-2")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.MIXED)
    assert f"this is {TEA}, the pallet is of {MILK}" in str(shown.saying)
    bench.scan("case-3", *milks(7, 8, 9))
    assert bench.scan("case-3").tone is Tone.FULL
    assert bench.scan("pallet-1").tone is Tone.FULL
    assert bench.scan("case-2").tone is Tone.GOOD, "the next pallet takes it"


def test_a_case_of_another_product_goes_onto_a_pallet_that_may_be_mixed() -> None:
    bench = Bench(plan(pallet_mixed=True))
    bench.scan("case-1", *milks(1, 2, 3), "case-2", *teas(4, 5, 6), "case-1")
    assert bench.scan("case-2").tone is Tone.FULL


def test_cases_of_two_products_are_no_layer_of_a_pallet() -> None:
    bench = Bench()
    bench.scan("case-1", *milks(1, 2, 3), "case-2", *teas(4, 5, 6))
    shown = bench.scan_together("case-1", "case-2")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.MIXED)
    assert bench.past.find(CodeKey("plain:case-1")).inside is None  # type: ignore[union-attr]


def test_an_order_takes_its_product_and_its_batch_only() -> None:
    bench = Bench()
    bench.order("4711", batch="B1")
    assert bench.scan(f"01{TEA}21T1").reason is Reason.WRONG_PRODUCT
    assert bench.scan(milk(1, "B2")).reason is Reason.WRONG_BATCH
    assert bench.scan(milk(1, "B1")).tone is Tone.GOOD
    assert bench.line.state.done == {"4711": 1}


def test_a_change_over_puts_aside_what_is_part_filled_and_it_is_taken_up_again() -> None:
    bench = Bench()
    bench.order("4711", batch="B1")
    bench.scan(milk(1, "B1"))
    bench.order("4712", batch="B2")
    (parked,) = bench.all(Parked)
    assert parked.parked
    bench.scan(milk(2, "B2"))
    assert [event.container for event in bench.all(Packed)] == [1, 2]
    assert bench.press(Command.RESUME).tone is Tone.ASK
    assert bench.scan(milk(1, "B1")).tone is Tone.BAD, "it is of another batch"
    bench.press(Command.PARK)
    bench.give(OrderStart(bench.at(), LINE, "4711", by=PersonId("sue")))
    bench.press(Command.RESUME)
    bench.scan(milk(1, "B1"))
    bench.scan(milk(3, "B1"), milk(4, "B1"), "case-1")
    assert len(bench.children("plain:case-1")) == 3
    bench.restart()


def test_the_same_order_again_changes_nothing() -> None:
    bench = Bench()
    bench.order("4711")
    bench.scan(milk(1))
    bench.give(OrderStart(bench.at(), LINE, "4711", by=PersonId("sue")))
    assert len(bench.all(OrderChanged)) == 1
    assert not bench.all(Parked)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"gtin": "06971234567803"}, "check digit should be 2"),
        ({"gtin": ""}, "expected 14 digits"),
        ({"made": "2026-02-30"}, "made is 2026-02-30: expected a day"),
        ({"expiry": "2026-W47-7"}, "expiry is 2026-W47-7: expected a day"),
        ({"made": "2026-11-22", "expiry": "2026-11-21"}, "before it is made"),
        ({"target": "-1"}, "the target is -1"),
        ({"batch": "x" * 21}, "expected up to 20 characters"),
        ({"colour": "red"}, "colour is not known here"),
        ({"ended": "maybe"}, "ended is maybe"),
    ],
)
def test_an_order_that_makes_no_sense_is_not_saved(values: dict[str, str], said: str) -> None:
    bench = Bench()
    shown = bench.edit(Subject.ORDER, "4711", **{"gtin": MILK, **values})
    assert shown.tone is Tone.BAD
    assert any(said in str(each) for each in shown.culprits), shown.culprits
    assert not bench.line.state.orders


def test_all_that_is_wrong_with_an_order_is_told_at_once() -> None:
    shown = Bench().edit(Subject.ORDER, "4711", gtin="1", target="none", made="today")
    assert len(shown.culprits) == 3


def test_an_unknown_or_ended_order_is_not_begun() -> None:
    bench = Bench()
    bench.edit(Subject.ORDER, "old", gtin=MILK, ended="yes")
    for number in ("none", "old"):
        shown = bench.give(OrderStart(bench.at(), LINE, number, by=PersonId("sue")))
        assert shown.tone is Tone.BAD
    assert bench.line.state.order == ""
    assert not bench.all(Stopped)


# --- two codes on one thing ------------------------------------------------------------------

PAIR = PairPlan(re.compile(r"S-(?P<serial>\d+)"), "state code")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_codes_scanned_one_after_the_other_are_one_thing(order: tuple[int, int]) -> None:
    bench = Bench(plan(pair=PAIR))
    texts = (milk(1), "S-1")
    first, second = (texts[index] for index in order)
    assert bench.scan(first).tone is Tone.ASK
    assert not bench.events
    assert bench.scan(second).tone is Tone.GOOD
    (made,) = bench.all(Commissioned)
    assert (made.key, made.also) == (milk(1), "second:1")
    known = bench.past.find(CodeKey("second:1"))
    assert known is not None and known.key == milk(1)
    assert len(bench.all(Packed)) == 1


def test_a_second_code_is_no_code_of_another_thing_whose_serial_is_the_same() -> None:
    pair = PairPlan(re.compile(r"S-(?P<serial>.+)"), "state code")
    bench = Bench(plan(pair=pair))
    bench.scan(milk(1), f"S-{milk(2).removeprefix('plain:')}")
    assert bench.scan(milk(2)).tone is Tone.ASK


def test_a_second_code_is_used_once() -> None:
    bench = Bench(plan(pair=PAIR))
    bench.scan(milk(1), "S-1", milk(2))
    shown = bench.scan("S-1")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.DUPLICATE)
    assert bench.scan("S-2").tone is Tone.GOOD, "the thing still waits for its own"


def test_a_second_code_that_waits_and_is_used_elsewhere_meanwhile_is_not_used_again() -> None:
    bench = Bench(plan(pair=PAIR))
    bench.scan("S-1")
    bench.scan(milk(2), "S-1", station=TWO)
    shown = bench.scan(milk(1))
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.DUPLICATE)
    assert [made.key for made in bench.all(Commissioned)] == [milk(2)]


@pytest.mark.parametrize("texts", [("S-9", milk(1)), (milk(1), "S-9")])
def test_a_thing_that_has_its_second_code_gets_no_other_and_none_is_lost_silently(
    texts: tuple[str, str],
) -> None:
    bench = Bench(plan(pair=PAIR))
    if texts[0] == milk(1):  # it waits here, while it is packed and taken out elsewhere
        bench.scan(texts[0])
    bench.scan(milk(1), "S-1", station=TWO)
    bench.press(Command.REMOVE, station=TWO)
    bench.scan(milk(1), station=TWO)
    if texts[0] == "S-9":
        bench.scan(texts[0])
    shown = bench.scan(texts[1])
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.UNPAIRED)
    assert {each.text for each in bench.all(Rejected)} == set(texts)
    assert bench.past.find(CodeKey("plain:9")) is None
    assert bench.scan(milk(1)).tone is Tone.GOOD


def test_a_thing_left_for_one_that_has_both_its_codes_is_recorded() -> None:
    bench = Bench(plan(pair=PAIR))
    bench.scan(milk(1), "S-1")
    bench.press(Command.REMOVE)
    bench.scan(milk(1), milk(2), milk(1))
    (rejected,) = bench.all(Rejected)
    assert (rejected.reason, rejected.text) == (Reason.UNPAIRED, milk(2))


@pytest.mark.parametrize("command", [Command.CANCEL, Command.REMOVE, Command.CLOSE, Command.PARK])
def test_a_thing_left_for_a_command_is_recorded_as_without_its_second_code(
    command: Command,
) -> None:
    bench = Bench(plan(pair=PAIR, partial=True))
    bench.show_badge()
    bench.scan("case-1", milk(1), "S-1", milk(2))
    bench.press(command)
    (rejected,) = bench.all(Rejected)
    assert (rejected.reason, rejected.text) == (Reason.UNPAIRED, milk(2))
    assert not bench.line.to_json()["benches"]


def test_a_case_code_that_waits_for_leave_is_no_thing_without_its_second_code() -> None:
    bench = Bench(plan(pair=PAIR, partial=True))
    bench.scan(milk(1), "S-1", "case-1")
    shown = bench.scan(milk(2))
    assert (shown.tone, shown.reason) == (Tone.ASK, None)
    assert not bench.all(Rejected)


def test_a_thing_waits_for_its_second_code_while_something_unreadable_is_scanned() -> None:
    bench = Bench(plan(pair=PAIR))
    bench.scan(milk(1), "???")
    assert bench.scan("S-1").tone is Tone.GOOD


def test_a_thing_left_without_its_second_code_is_said_and_recorded() -> None:
    bench = Bench(plan(pair=PAIR))
    bench.scan(milk(1))
    shown = bench.scan(milk(2))
    assert (shown.tone, shown.reason) == (Tone.ASK, Reason.UNPAIRED)
    (rejected,) = bench.all(Rejected)
    assert (rejected.reason, rejected.text) == (Reason.UNPAIRED, milk(1))
    bench.scan("S-2")
    assert [made.key for made in bench.all(Commissioned)] == [milk(2)]


@pytest.mark.parametrize("texts", [(milk(1), "S-1"), ("S-1", milk(1))])
def test_a_camera_that_sees_both_codes_pairs_them_at_once(texts: tuple[str, str]) -> None:
    bench = Bench(plan(pair=PAIR))
    assert bench.scan_together(*texts).tone is Tone.GOOD
    (made,) = bench.all(Commissioned)
    assert made.also == "second:1"


def test_what_waits_for_its_second_code_is_in_a_recording() -> None:
    bench = Bench(plan(pair=PAIR))
    bench.scan(milk(1))
    saved = bench.line.to_json()
    bench.line = Line(bench.plan, bench.line.state, bench.past)
    bench.line.load(saved)
    assert bench.scan("S-1").tone is Tone.GOOD


# --- labels ----------------------------------------------------------------------------------


def test_a_full_case_gets_a_label_and_its_scan_closes_it() -> None:
    bench = Bench(plan(label=LABEL))
    assert bench.scan(*milks(1, 2, 3)).tone is Tone.FULL
    (label,) = bench.labels
    assert (label.key, label.fields["count"]) == (sscc(1), "3")
    assert bench.scan(sscc(1)).tone is Tone.FULL
    assert bench.children(sscc(1)) == milks(1, 2, 3)


def test_labels_that_are_one_off_are_found_out() -> None:
    bench = Bench(plan(label=LABEL, waiting=1))
    bench.scan(*milks(1, 2, 3, 4, 5, 6))
    shown = bench.scan(sscc(2))
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.WRONG_LABEL)
    said = str(shown.saying)
    assert "shifted" in said and sscc(1) in said and sscc(2) in said
    assert not bench.all(Closed)
    bench.scan(sscc(1))
    bench.scan(sscc(2))
    assert [closed.key for closed in bench.all(Closed)] == [sscc(1), sscc(2)]


def test_a_label_of_elsewhere_closes_nothing() -> None:
    bench = Bench(plan(label=LABEL))
    bench.scan(*milks(1, 2, 3))
    shown = bench.scan("case-9")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.WRONG_LABEL)
    assert not bench.all(Closed)


def test_a_label_that_nobody_has_to_scan_closes_its_case_when_it_is_printed() -> None:
    bench = Bench(plan(label=LabelPlan("case", "zebra", SSCC, verify=False)))
    bench.scan(*milks(1, 2, 3))
    assert not bench.all(Closed)
    bench.give(PrinterWord(bench.at(), ONE, JobId(1)))
    assert [closed.key for closed in bench.all(Closed)] == [sscc(1)]


def test_when_the_numbers_are_used_up_nothing_is_printed_and_it_is_said() -> None:
    bench = Bench(plan(label=LABEL))
    for case in range(3):
        bench.scan(*milks(*range(3 * case, 3 * case + 3)), sscc(case + 1))
    shown = bench.scan(*milks(9, 10, 11))
    assert shown.tone is Tone.BAD
    assert "used up" in str(shown.saying)
    assert len(bench.labels) == 3


def test_a_case_with_its_own_code_gets_a_label_that_says_it() -> None:
    bench = Bench(plan(label=LabelPlan("case", "zebra")))
    bench.scan(*milks(1, 2, 3), "case-1")
    (label,) = bench.labels
    assert label.key == "plain:case-1"
    assert not bench.all(Closed)
    assert bench.scan("case-1").tone is Tone.FULL
    assert bench.children("plain:case-1") == milks(1, 2, 3)


# --- people ----------------------------------------------------------------------------------


def test_where_signing_in_is_asked_for_nobody_packs_without() -> None:
    bench = Bench(plan(people=PeoplePlan(required=True)))
    shown = bench.scan(milk(1))
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.NOT_SIGNED_IN)
    bench.show_badge()
    assert bench.scan(milk(1)).tone is Tone.GOOD
    (packed,) = bench.all(Packed)
    assert packed.by == "sue"
    bench.restart()
    assert bench.line.state.signed_in[ONE] == SUE
    bench.press(Command.SIGN_OUT)
    assert bench.scan(milk(2)).reason is Reason.NOT_SIGNED_IN
