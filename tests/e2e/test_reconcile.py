"""The demo's reconciliation finds every kind of difference, and none where there is none."""

from collections.abc import Iterator

import pytest

from drivers.sim.bench.worker import Mend, Repair
from drivers.sim.codes import PRODUCT, UnitCode
from drivers.sim.truth import ContainerTruth, ItemTruth, Truth
from edge_agent.core.commands import Command
from edge_agent.core.events import (
    BeltUnknown,
    Closed,
    Commissioned,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Move,
    Packed,
    Passed,
    Place,
    Reason,
    Rejected,
    Reworked,
    TakenOff,
    Untracked,
)
from edge_agent.core.names import CodeKey, ContainerId, ItemNumber, LevelName, StationName
from edge_agent.core.states import State
from edge_agent.demo.reconcile import (
    account_of_events,
    account_of_truth,
    bad_passed,
    compare,
    differing,
    good_ejected,
    verdicts,
    verdicts_by_fault,
)
from edge_agent.demo.rework_table import repaired

AT, BELT, PACKING = "2026-11-21T08:00:00.000Z", StationName("belt"), StationName("packing")
UNIT, CASE = LevelName("unit"), LevelName("case")


def item(number: int, key: str | None, outcome: str, fault: str | None = None) -> ItemTruth:
    return ItemTruth(number, 0.0, key or "smudge", key, fault, fault is None, [], outcome)


def truth() -> Truth:
    """Three units passed, two into a closed case; a duplicate, a smudge and a good one did not."""
    return Truth(
        seed=1,
        items=[
            item(1, "A", "passed"),
            item(2, "B", "passed"),
            item(3, "A", "ejected", "duplicate"),
            item(4, None, "ejected", "malformed"),
            item(5, "C", "passed"),
            item(6, "D", "ejected"),
        ],
        cases=[
            ContainerTruth("case", ["A", "B"], "S1", 1, acknowledged=True),
            ContainerTruth("case", ["C"]),
        ],
        pallets=[ContainerTruth("pallet", ["S1"])],
    )


def accepted(number: int, key: str) -> Event:
    return Commissioned(
        at=AT, station=BELT, key=CodeKey(key), level=UNIT, text=key, item=ItemNumber(number)
    )


def rejected(number: int, reason: Reason) -> Event:
    return Rejected(at=AT, station=BELT, reason=reason, detail="", item=ItemNumber(number))


def passed(number: int, key: str | None) -> Event:
    return Passed(at=AT, station=BELT, item=ItemNumber(number), key=CodeKey(key) if key else None)


def ejected(number: int, reason: Reason) -> Event:
    return Ejected(at=AT, station=BELT, item=ItemNumber(number), key=None, reason=reason)


def unseen(number: int) -> Event:
    item = ItemNumber(number)
    return BeltUnknown(at=AT, station=BELT, first_item=item, last_item=item, detail="")


def packed(key: str, container: int, level: str = "case") -> Event:
    return Packed(
        at=AT,
        station=BELT,
        key=CodeKey(key),
        level=UNIT,
        container=ContainerId(container),
        container_level=LevelName(level),
    )


def closed(key: str, container: int) -> Event:
    number = ContainerId(container)
    return Closed(
        at=AT, station=PACKING, key=CodeKey(key), level=CASE, container=number, children=()
    )


def journal() -> list[Event]:
    """What a line that saw `truth` records."""
    return [
        accepted(1, "A"), accepted(2, "B"), rejected(3, Reason.DUPLICATE),
        rejected(4, Reason.MALFORMED), passed(1, "A"), packed("A", 1), passed(2, "B"),
        packed("B", 1),
        ejected(3, Reason.DUPLICATE), accepted(5, "C"), ejected(4, Reason.MALFORMED),
        closed("S1", 1), packed("S1", 2, "pallet"), passed(5, "C"), packed("C", 3),
        unseen(6), ejected(6, Reason.AMBIGUOUS),
    ]  # fmt: skip


def differences(events: list[Event]) -> list[str]:
    found = compare({"plant": account_of_truth(truth()), "ledger": account_of_events(events)})
    return [
        f"{each.about} {each.subject}: {each.said['plant']} / {each.said['ledger']}"
        for each in found
    ]


def without(index: int) -> list[Event]:
    return [event for position, event in enumerate(journal()) if position != index]


def test_one_story_told_three_times_has_no_difference() -> None:
    accounts = {
        "plant": account_of_truth(truth()),
        "ledger": account_of_events(journal()),
        "HQ": account_of_events(journal()),
    }
    assert compare(accounts) == []
    assert accounts["plant"].counts() == accounts["HQ"].counts() == {
        "triggered": 6, "passed": 3, "ejected": 3, "other": 0,
        "closed containers": 1, "packed in them": 2, "in open containers": 2,
    }  # fmt: skip


def cases() -> Iterator[tuple[str, list[Event], list[str]]]:
    yield (
        "an item nobody recorded",
        [e for e in journal() if getattr(e, "item", 0) != 4],
        ["item at the gate 4: ejected / None"],
    )
    yield (
        "an item that never was",
        [*journal(), rejected(7, Reason.UNREAD)],
        ["item at the gate 7: None / no outcome"],
    )
    yield "an item without an outcome", without(10), ["item at the gate 4: ejected / no outcome"]
    yield (
        "an unknown item without an outcome",
        without(16),
        ["item at the gate 6: ejected / no outcome"],
    )
    yield "a pass that was an eject", [*journal(), passed(3, None)], [
        "item at the gate 3: ejected / passed", "code that passed 3: None / item 3"
    ]  # fmt: skip
    untracked = Untracked(at=AT, station=BELT, item=ItemNumber(6), key=None, detail="")
    yield (
        "an eject that was lost",
        [*journal(), untracked],
        ["item at the gate 6: ejected / untracked"],
    )
    yield "the code of another item", [*without(13), passed(5, "X")], ["code that passed 5: C / X"]
    yield "a unit too few in a case", without(7), ["closed container S1: A, B / A"]
    swapped = journal()
    swapped[5], swapped[7] = swapped[7], swapped[5]
    yield "units in another order", swapped, ["closed container S1: A, B / B, A"]
    yield "a case that was never closed", without(11), [
        "closed container S1: A, B / None", "open container case 1: C / A, B",
        "open container case 2: None / C",
    ]  # fmt: skip
    yield (
        "a unit too many in the open case",
        [*journal(), packed("D", 3)],
        ["open container case 1: C / C, D"],
    )
    yield "a case on no pallet", without(12), ["open container pallet 1: S1 / None"]


@pytest.mark.parametrize(
    ("events", "expected"), [c[1:] for c in cases()], ids=[c[0] for c in cases()]
)
def test_every_kind_of_difference_is_listed(events: list[Event], expected: list[str]) -> None:
    assert differences(events) == expected


def test_rows_and_nodes_that_differ_are_named_one_by_one() -> None:
    here = {1: ("a", "00"), 2: ("b", "01"), 10: ("c", "02")}
    there = {1: ("a", "00"), 2: ("b", "ff")}
    found = differing("event", {"ledger": here, "HQ": there})
    assert [(each.subject, dict(each.said)) for each in found] == [
        ("2", {"ledger": "b, 01", "HQ": "b, ff"}),
        ("10", {"ledger": "c, 02", "HQ": None}),
    ]


def test_a_bad_product_that_passed_is_told() -> None:
    assert bad_passed(truth()) == []
    for number, told in ((3, [1, 3]), (4, [4])):
        day = truth()
        day.items[number - 1].outcome = "passed"
        assert [int(line.split()[1]) for line in bad_passed(day)] == told


def test_a_reprint_may_pass_when_its_twin_did_not() -> None:
    day = truth()
    day.items[0].outcome, day.items[2].outcome = "ejected", "passed"
    assert bad_passed(day) == []


def taken_off(number: int) -> Event:
    return TakenOff(at=AT, station=BELT, item=ItemNumber(number), key=None)


def eject_failed(number: int) -> Event:
    reason = Reason.UNREAD
    return EjectFailed(at=AT, station=BELT, item=ItemNumber(number), key=None, reason=reason)


def test_every_end_at_the_gate_has_its_word() -> None:
    unasked = EjectedUnasked(at=AT, station=BELT, item=ItemNumber(3), key=None)
    account = account_of_events([passed(1, "A"), taken_off(2), unasked, eject_failed(4)])
    assert account.gate == {1: "passed", 2: "taken off", 3: "ejected", 4: "unconfirmed"}
    assert verdicts([accepted(2, "B"), taken_off(2)]) == {2: "TAKEN_OFF"}
    assert verdicts([accepted(3, "C"), unasked]) == {3: "EJECTED_UNASKED"}


@pytest.mark.parametrize("told", [taken_off(6), eject_failed(6)])
def test_a_mishap_explains_that_an_ejected_item_was_seen_otherwise(told: Event) -> None:
    """It slipped, say: it was missed where it was due, and another thing appeared behind."""
    events = [told if event == ejected(6, Reason.AMBIGUOUS) else event for event in journal()]
    ledger = account_of_events(events)
    day = truth()
    assert account_of_truth(day, ledger.gate).gate[6] != ledger.gate[6]
    day.items[5].during.append("slip")
    assert compare({"plant": account_of_truth(day, ledger.gate), "ledger": ledger}) == []


def test_no_mishap_explains_a_pass_that_is_told_otherwise_or_that_never_was() -> None:
    day = truth()
    for each in day.items:
        each.during.append("jam")
    told = {1: "ejected", 6: "passed"}
    assert account_of_truth(day, told).gate[1] == "passed"
    assert account_of_truth(day, told).gate[6] == "ejected"


def test_what_a_person_took_out_behind_a_stuck_flap_was_noticed_and_is_not_packed() -> None:
    day = truth()
    day.items[3].outcome = "passed"
    assert len(bad_passed(day)) == 1
    day.items[3].taken_out = True
    assert bad_passed(day) == []
    account = account_of_truth(day)
    assert account.gate[4] == "unconfirmed" and 4 not in account.codes


def test_verdicts_are_told_by_fault_and_cause() -> None:
    day = truth()
    day.items[5].during.append("plc-drop")
    given = verdicts(journal())
    assert verdicts_by_fault(day, given) == {
        "none": {"ACCEPTED": 3, "BELT_UNKNOWN": 1},
        "duplicate": {"DUPLICATE": 1},
        "malformed": {"MALFORMED": 1},
    }
    assert good_ejected(day, given) == {"plc-drop": {"BELT_UNKNOWN": 1}}
    late = verdicts([accepted(1, "A"), ejected(1, Reason.LATE)])
    assert late == {1: "LATE"}


def test_what_was_repaired_lies_where_the_repair_put_it() -> None:
    """A damaged product makes room for a new one, another goes from one case into the next."""

    def move(key: str, before: int | None, after: int | None) -> Move:
        places = (
            Place(State.PACKED, ContainerId(each)) if each is not None else Place(State.ACTIVE)
            for each in (before, after)
        )
        return Move(CodeKey(key), UNIT, *places)

    def repaired(operation: Command, *moves: Move) -> Reworked:
        return Reworked(
            at=AT, station=PACKING, operation=operation, by=None, why="test", moves=moves
        )

    account = account_of_events(
        [
            *(packed(key, 1) for key in "ABC"), closed("S1", 1),
            packed("D", 2), closed("S2", 2), packed("E", 3),
            repaired(Command.REPLACE, move("B", 1, None), move("N", None, 1)),
            repaired(Command.MOVE, move("C", 1, 2)),
            repaired(Command.SAMPLE, move("E", 3, None)),
        ]
    )  # fmt: skip
    assert account.closed == {"S1": ("A", "N"), "S2": ("D", "C")}
    assert account.filling == {"case 1": ()}


def test_what_the_plant_knows_of_a_case_takes_in_what_was_repaired() -> None:
    unit, fresh = UnitCode(PRODUCT, "1"), UnitCode(PRODUCT, "2")
    replace = Repair(Mend.REPLACE, "S1", unit.text, unit.key, fresh.text, fresh.key)
    told = truth()
    told.cases[0].contents = ["A", unit.key]
    assert repaired(told, [replace]) == []
    assert told.cases[0].contents == ["A", fresh.key]
    # It is there no more, and there is no such case.
    again, nowhere = repaired(told, [replace, Repair(Mend.REMOVE, "S9", "", "A")])
    assert again.said["plant"] == f"A, {fresh.key}"
    assert (nowhere.subject, nowhere.said["plant"]) == ("S9", None)
