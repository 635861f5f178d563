"""From one order to the next: what was accepted for one never gets into what the other fills."""

import re
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.core.codes import CodeKind, Form
from edge_agent.core.commands import Command
from edge_agent.core.effects import Judge, Run, Show, Tone
from edge_agent.core.events import (
    Closed,
    LabelQueued,
    OrderChanged,
    Packed,
    Parked,
    Reason,
    Rejected,
    StopCause,
    Stopped,
    Subject,
)
from edge_agent.core.inputs import Edit, OrderStart, Outcome, Press, Release
from edge_agent.core.interlock import StopPlan
from edge_agent.core.labels import LabelPlan
from edge_agent.core.names import CodeKey, PersonId
from edge_agent.core.record import LinePlan
from edge_agent.core.sscc import SsccRange
from edge_agent.core.states import State
from tests.core.bench_world import PRODUCT_A, PRODUCT_B, key, made
from tests.core.world import BENCH, INFEED, UNIT, World, plan

SUE = PersonId("sue")
PRODUCTS = {"A": PRODUCT_A, "B": PRODUCT_B}


class Orders(World):
    """The line in the order of the belt, with orders A and B; a unit's code says its product."""

    def __init__(self, *capacities: int, waiting: int = 1, stop: StopPlan | None = None) -> None:
        usual = plan(*capacities, waiting=waiting, partial=True)
        unit = re.compile(r"(?P<serial>unit-((?P<gtin>\d{14})-)?\d+)")
        forms = (Form(UNIT, CodeKind.PLAIN, pattern=unit), *usual.forms[1:])
        infeed, bench = usual.stations[INFEED], usual.stations[BENCH]
        assert infeed.gate is not None
        levels = tuple(level.name for level in usual.levels)
        stations = {
            INFEED: replace(infeed, gate=replace(infeed.gate, stop=stop or StopPlan())),
            BENCH: replace(bench, due=replace(bench.due, packs=levels[:-1])),
        }
        super().__init__(LinePlan(usual.levels, forms, stations))
        self.last_item = 0
        for number, product in PRODUCTS.items():
            values = {"gtin": product}
            self.give(
                Edit(self.instant(), self.plan.name, Subject.ORDER, number, values, SUE, "new")
            )
        self.change("A")

    def change(self, order: str) -> None:
        self.now_us += 1_000
        self.give(OrderStart(self.instant(), self.plan.name, order, SUE))

    def bring(self, order: str) -> Judge:
        """The next item of the belt is the order's."""
        self.last_item += 1
        return self.item(self.last_item, made(PRODUCTS[order], self.last_item))

    def release(self) -> list[object]:
        self.now_us += 1_000
        return list(self.give(Release(self.instant(), INFEED, "bob", "cleared")))

    def press(self, command: Command) -> Show:
        """`command` at the bench; what is shown."""
        self.now_us += 1_000_000
        self.give(Press(self.instant(), BENCH, command))
        return self.shows[-1]

    def label(self, code: str) -> Show:
        """`code` is scanned; what is shown."""
        self.scan(code)
        return self.shows[-1]

    def contents(self) -> dict[int, list[str]]:
        """What was put into each container, at any time."""
        packed: dict[int, list[str]] = {}
        for event in self.past.events:
            if isinstance(event, Packed):
                packed.setdefault(event.container, []).append(event.key)
        return packed

    def products_in(self, container: int) -> set[str]:
        """All GTINs that lie in the container, however deep."""
        inside = {e.key: e.container for e in self.past.events if isinstance(e, Closed)}

        def walk(number: int) -> Iterator[str]:
            for code in self.contents().get(number, ()):
                if code in inside:
                    yield from walk(inside[CodeKey(code)])
                elif code.startswith("01"):
                    yield code[2:16]

        return set(walk(container))

    def is_unmixed(self) -> bool:
        return all(len(self.products_in(number)) <= 1 for number in self.contents())


# --- things on the belt ----------------------------------------------------------------------


def test_what_was_accepted_for_the_order_before_is_kept_out_at_the_gate() -> None:
    line = Orders(4)
    line.bring("A")
    line.bring("A")
    effects = line.effects
    line.change("B")
    told = [(e.item, e.reason) for e in effects if isinstance(e, Judge)]
    assert told[-2:] == [(1, Reason.STOPPED), (2, Reason.STOPPED)]
    assert Run(INFEED, permitted=False) in effects
    stops = [event.cause for event in line.past.events if isinstance(event, Stopped)]
    assert stops == [StopCause.CHANGE_OVER]
    withdrawn = [event for event in line.past.events if isinstance(event, Rejected)]
    assert [event.key for event in withdrawn] == [key(made(PRODUCT_A, n)) for n in (1, 2)]
    assert line.line.state.coming() == 0
    line.restart()


def test_what_passes_though_its_order_is_over_is_an_escape_and_not_packed() -> None:
    line = Orders(4)
    line.bring("A")
    line.gate(1, Outcome.PASSED)
    line.bring("A")
    line.change("B")
    line.release()
    line.gate(2, Outcome.PASSED)
    assert line.kinds()[-2:] == ["untracked", "passed"]
    assert line.line.state.tally["escaped"] == 1
    known = line.past.find(key(made(PRODUCT_A, 2)))
    assert known is not None
    assert known.state is State.UNTRACKED
    assert line.bring("B").passes
    line.gate(3, Outcome.PASSED)
    assert [len(inside) for inside in line.contents().values()] == [1, 1]
    assert line.is_unmixed()
    assert line.line.state.done == {"A": 1, "B": 1}
    line.restart()


def test_a_standing_belt_is_released_and_what_is_left_on_it_is_rejected() -> None:
    # Nothing comes to the gate while the belt stands: its end cannot be awaited.
    line = Orders(4)
    line.bring("A")
    line.change("B")
    assert Run(INFEED, permitted=True) in line.release()
    line.gate(1, Outcome.EJECTED)
    assert line.bring("B").passes


def test_withdrawn_passes_are_no_rejects_in_a_row() -> None:
    line = Orders(9, stop=StopPlan(in_a_row=2))
    for _ in range(3):
        line.bring("A")
    line.change("B")
    for item in (1, 2, 3):
        line.gate(item, Outcome.EJECTED)
    stops = [event.cause for event in line.past.events if isinstance(event, Stopped)]
    assert stops == [StopCause.CHANGE_OVER]
    assert line.release()


def test_the_configuration_changes_a_known_order_as_people_do() -> None:
    line = Orders(4)
    line.bring("A")
    line.gate(1, Outcome.PASSED)
    line.bring("A")
    line.give(OrderStart(line.instant(), line.plan.name, "B"))
    line.release()
    line.gate(2, Outcome.PASSED)
    line.bring("B")
    line.gate(3, Outcome.PASSED)
    assert line.is_unmixed()
    assert [len(inside) for inside in line.contents().values()] == [1, 1]


def test_an_order_changes_though_a_gate_of_before_is_configured_no_more() -> None:
    line = Orders(4)
    line.bring("A")
    stations = {name: each for name, each in line.plan.stations.items() if name != INFEED}
    line.plan = replace(line.plan, stations=stations)
    line.restart()
    line.change("B")
    assert line.line.state.order == "B"


# --- containers ------------------------------------------------------------------------------


def full_case(line: Orders, order: str) -> None:
    for _ in range(2):
        line.bring(order)
        line.gate(line.last_item, Outcome.PASSED)


def test_a_full_case_closed_after_the_change_over_goes_onto_its_own_orders_pallet() -> None:
    line = Orders(2, 2)
    full_case(line, "A")
    line.label("level1-1")
    full_case(line, "A")
    line.change("B")
    full_case(line, "B")
    shown = line.label("level1-2")
    assert shown.tone is Tone.FULL
    assert "put aside" in str(shown.saying)
    line.label("level1-3")
    pallets = [event for event in line.past.events if isinstance(event, Packed)][-2:]
    assert [event.container for event in pallets] == [2, 5]
    assert line.products_in(2) == {PRODUCT_A}
    assert line.products_in(5) == {PRODUCT_B}
    line.restart()


def test_a_full_case_whose_order_has_no_pallet_lies_on_none_and_it_is_told() -> None:
    line = Orders(2, 2)
    full_case(line, "A")
    line.change("B")
    shown = line.label("level1-1")
    assert "It goes onto no level2" in str(shown.saying)
    known = line.past.find(CodeKey("plain:level1-1"))
    assert known is not None
    assert (known.state, known.inside) == (State.ACTIVE, None)
    full_case(line, "B")
    line.label("level1-2")
    assert line.is_unmixed()
    line.restart()


def test_a_case_left_over_does_not_go_onto_the_next_orders_pallet_by_hand() -> None:
    line = Orders(2, 2)
    full_case(line, "A")
    line.change("B")
    line.label("level1-1")
    full_case(line, "B")
    line.label("level1-2")
    line.now_us += 60_000_000
    shown = line.label("level1-1")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.MIXED)
    assert line.is_unmixed()


def test_a_case_left_over_does_not_begin_the_next_orders_pallet_by_hand() -> None:
    line = Orders(2, 2)
    full_case(line, "A")
    line.change("B")
    line.label("level1-1")
    line.now_us += 60_000_000
    shown = line.label("level1-1")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.WRONG_PRODUCT)
    full_case(line, "B")
    line.label("level1-2")
    (packed,) = [event for event in line.past.events if isinstance(event, Packed)][4:]
    assert packed.key == CodeKey("plain:level1-2")
    line.change("A")
    line.now_us += 60_000_000
    assert line.label("level1-1").tone is Tone.GOOD


def test_a_case_opened_again_of_an_order_before_is_told_to_lie_on_no_pallet() -> None:
    line = Orders(2, 2)
    full_case(line, "A")
    line.change("B")
    line.label("level1-1")
    line.press(Command.REOPEN)
    line.label("level1-1")
    shown = line.press(Command.CLOSE)
    assert shown.tone is Tone.GOOD
    assert "It goes onto no level2" in str(shown.saying)


# --- what was put aside ------------------------------------------------------------------------


def full_pallet_put_aside(line: Orders) -> Orders:
    """Put aside at the change from A to B, it was filled by the last case of A."""
    full_case(line, "A")
    line.label("level1-1")
    full_case(line, "A")
    line.change("B")
    line.label("level1-2")
    return line


def test_a_full_pallet_that_was_put_aside_is_closed_in_three_scans_whatever_is_packed() -> None:
    line = full_pallet_put_aside(Orders(2, 2))
    full_case(line, "B")
    line.label("level1-3")
    line.press(Command.RESUME)
    shown = line.label("level1-1")
    assert shown.tone is Tone.FULL
    assert "scan its code" in str(shown.saying)
    assert line.label("level2-1").tone is Tone.FULL
    closed = line.past.events[-1]
    assert isinstance(closed, Closed)
    assert closed.children == ("plain:level1-1", "plain:level1-2")
    full_case(line, "B")
    line.label("level1-4")
    line.label("level2-2")
    assert line.products_in(closed.container) == {PRODUCT_A}
    assert line.is_unmixed()
    line.restart()


def test_a_full_pallet_stays_put_aside_where_as_many_wait_as_may() -> None:
    line = full_pallet_put_aside(Orders(2, 2, waiting=0))
    full_case(line, "B")
    line.label("level1-3")
    line.press(Command.RESUME)
    shown = line.label("level1-1")
    assert shown.tone is Tone.BAD
    assert "close it or put it aside first" in str(shown.saying)
    line.press(Command.PARK)
    line.press(Command.RESUME)
    assert line.label("level1-1").tone is Tone.FULL
    line.restart()


def test_a_full_pallet_is_of_its_own_order_also_when_it_is_gone_on_with() -> None:
    line = labelled(Orders(2, 2))
    label = LabelPlan("pallet", "printer", SsccRange("6971234", 0, 1, 99))
    line.plan = replace(
        line.plan, levels=(*line.plan.levels[:2], replace(line.plan.levels[2], label=None))
    )
    line.restart()
    full_pallet_put_aside(line)
    line.plan = replace(
        line.plan, levels=(*line.plan.levels[:2], replace(line.plan.levels[2], label=label))
    )
    line.restart()
    line.press(Command.RESUME)
    shown = line.label("level1-2")
    assert "scan its label" in str(shown.saying)
    (queued,) = labels(line)
    assert (queued.fields["order"], queued.fields["gtin"]) == ("A", PRODUCT_A)
    assert line.label(queued.key).tone is Tone.FULL


def test_a_pallet_that_is_not_full_waits_for_its_order_and_it_is_said_what_else_is_possible() -> (
    None
):
    line = Orders(2, 2)
    full_case(line, "A")
    line.label("level1-1")
    line.change("B")
    line.press(Command.RESUME)
    shown = line.label("level1-1")
    assert shown.tone is Tone.BAD
    assert "change to its order, or EMPTY it" in str(shown.saying)
    line.change("A")
    line.press(Command.RESUME)
    assert line.label("level1-1").tone is Tone.GOOD


def labelled(line: Orders) -> Orders:
    """`line`, whose pallets get a label here that is scanned on them."""
    unit, case, pallet = line.plan.levels
    label = LabelPlan("pallet", "printer", SsccRange("6971234", 0, 1, 99))
    levels = (unit, case, replace(pallet, label=label))
    sscc = Form(pallet.name, CodeKind.GS1, requires=("00",))
    line.plan = replace(line.plan, levels=levels, forms=(*line.plan.forms[:2], sscc))
    line.restart()
    return line


def labels(line: Orders) -> list[LabelQueued]:
    return [event for event in line.past.events if isinstance(event, LabelQueued)]


def test_a_pallet_filled_by_its_cases_gets_its_label() -> None:
    line = labelled(Orders(2, 2))
    for number in (1, 2):
        full_case(line, "A")
        line.label(f"level1-{number}")
    (queued,) = labels(line)
    assert line.label(queued.key).tone is Tone.FULL
    assert line.past.events[-1].kind == "closed"


def test_the_pallet_put_aside_is_finished_by_the_last_case_of_its_order() -> None:
    line = labelled(Orders(2, 2))
    full_case(line, "A")
    line.label("level1-1")
    full_case(line, "A")
    line.change("B")
    full_case(line, "B")
    line.label("level1-2")
    (queued,) = labels(line)
    assert (queued.fields["order"], queued.fields["gtin"]) == ("A", PRODUCT_A)
    assert line.label(queued.key).tone is Tone.FULL
    line.label("level1-3")
    assert line.is_unmixed()
    line.restart()


def test_where_no_number_is_free_for_a_pallets_label_it_is_said() -> None:
    line = labelled(Orders(2, 1))
    label = LabelPlan("pallet", "printer", SsccRange("6971234", 0, 1, 1))
    levels = (*line.plan.levels[:2], replace(line.plan.levels[2], label=label))
    line.plan = replace(line.plan, levels=levels)
    line.restart()
    for number in (1, 2):
        full_case(line, "A")
        line.label(f"level1-{number}")
        if number == 1:
            line.label(labels(line)[0].key)
    assert any("no SSCC is free" in str(shown.saying) for shown in line.shows)


def test_the_order_before_goes_on_where_it_was_changed_back() -> None:
    line = Orders(2, 2)
    full_case(line, "A")
    line.change("B")
    line.change("A")
    line.label("level1-1")
    full_case(line, "A")
    line.label("level1-2")
    assert line.products_in(2) == {PRODUCT_A}
    assert not [event for event in line.past.events if isinstance(event, Parked)]


# --- all of it -------------------------------------------------------------------------------

FATES = {"pass": Outcome.PASSED, "eject": Outcome.EJECTED, "lose sight": Outcome.UNKNOWN}
STEPS = st.sampled_from(
    ["bring"] * 2 + ["fill"] * 6 + ["pass"] * 3 + ["close level1"] * 6 + ["change"] * 3
    + ["release", "release", "close level2", "scan", "bring other", "eject", "lose sight"]
    + ["old case", "park", "resume", "restart", "lose link"]
)  # fmt: skip


class Shift(Orders):
    """What may happen on a line in any order, step by step."""

    def __init__(self) -> None:
        super().__init__(2, 2, waiting=2)
        self.codes = 0
        self.cases: list[str] = []
        self.accepted_for: dict[CodeKey, str] = {}

    def step(self, step: str) -> None:
        order = self.line.state.order
        belt = self.line.state.belts.get(INFEED)
        pending = sorted(belt.pending) if belt else []
        match step:
            case "bring":
                self.accept(order)
            case "fill" if not pending:
                for _ in range(2):
                    self.accept(order)
                    self.gate(self.last_item, Outcome.PASSED)
            case "bring other":
                self.bring("B" if order == "A" else "A")
            case "pass" | "eject" | "lose sight" if pending:
                self.gate(pending[0], FATES[step])
            case "close level1" | "close level2":
                self.codes += 1
                self.label(f"{step[6:]}-{self.codes}")
                self.cases.append(f"level1-{self.codes}")
            case "scan":
                self.codes += 1
                self.label(made(PRODUCTS[order], 1_000 + self.codes))
            case "old case" if self.cases:
                self.now_us += 20_000_000
                self.label(self.cases[0])
                self.cases.append(self.cases.pop(0))
            case "park":
                self.give(Press(self.instant(), BENCH, Command.PARK))
            case "resume" if self.cases:
                self.give(Press(self.instant(), BENCH, Command.RESUME))
                self.label(self.cases[-1])
            case "change":
                self.change("B" if order == "A" else "A")
            case "release":
                self.release()
            case "restart":
                self.restart()
            case "lose link" if belt:
                self.lose_link()
            case _:
                pass

    def accept(self, order: str) -> None:
        if self.bring(order).passes:
            self.accepted_for[key(made(PRODUCTS[order], self.last_item))] = order


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=20, max_size=60))
def test_no_container_ever_holds_things_of_two_orders(steps: list[str]) -> None:
    line = Shift()
    for step in steps:
        line.step(step)
    assert line.is_unmixed()
    order = ""
    for event in line.past.events:
        if isinstance(event, OrderChanged):
            order = event.order
        elif isinstance(event, Packed):
            assert line.accepted_for.get(event.key, order) == order, "packed for another order"
    line.restart()
