"""Scenes on a small belt, written scan by scan: a millisecond and a step each. What they should
come to is told with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.registers import Cause, Fate, Status, Word
from tests.gate.twins import SOURCE, Twins

PLAIN = Parameters(
    slots=8, travel_steps=20, hold_steps=5, bounce_steps=2, spacing_steps=8, link_timeout_ms=6
)
"""Neither an eye before the gate nor one in the chute."""
WATCHED = replace(
    PLAIN,
    tolerance_steps=2,
    decide_steps=4,
    confirm_from_ms=3,
    confirm_until_ms=10,
    eject_bounce_ms=3,
)

PASS, REJECT = Word.PASS, Word.REJECT


@dataclass(frozen=True)
class Scene:
    """The session begins and the belt may run from scan 1; the agent beats in every scan that is
    not in `mute`. Sensors are on in the scans named, for that scan."""

    name: str
    parameters: Parameters
    sensors: Mapping[int, str]
    answers: Mapping[int, tuple[int, Word]] = field(default_factory=dict)
    """Item, from the first on, and verdict, by scan."""
    commands: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    mute: range = range(0)
    leaps: Mapping[int, int] = field(default_factory=dict)
    """Steps in one scan, where it is not one."""
    sequence: int | None = None
    """Of the verdicts, if not the start number."""
    scans: int = 70
    settled: Mapping[int, tuple[Fate, Cause]] = field(default_factory=dict)
    counts: Mapping[Status, int] = field(default_factory=dict)

    def play(self, *, items: int = 0, clock: int = 0, source: str = SOURCE) -> Twins:
        twins = Twins(self.parameters, items=items, clock=clock, source=source)
        twins.command(session=1, control=1)
        for scan in range(1, self.scans + 1):
            twins.command(**self.commands.get(scan, {}))
            if scan not in self.mute:
                twins.beat()
            if scan in self.answers:
                number, verdict = self.answers[scan]
                twins.answer(items + number, verdict, sequence=self.sequence)
            twins.sensors = Sensors(**dict.fromkeys(self.sensors.get(scan, "").split(), True))
            twins.scan(steps=self.leaps.get(scan, 1))
        return twins


SCENES = [
    Scene(
        "a fresh pass opens the gate",
        WATCHED,
        {2: "eye", 22: "gate_eye"},
        {5: (1, PASS)},
        settled={1: (Fate.PASSED, Cause.TOLD)},
        counts={Status.PASSES: 1, Status.REJECTS: 0},
    ),
    Scene(
        "a reject is confirmed by the eject eye",
        WATCHED,
        {2: "eye", 22: "gate_eye", 30: "eject_eye"},
        {5: (1, REJECT)},
        settled={1: (Fate.EJECTED, Cause.TOLD)},
        counts={Status.CONFIRMED: 1, Status.UNASKED: 0},
    ),
    Scene(
        "no verdict and no eject seen",
        WATCHED,
        {2: "eye", 22: "gate_eye"},
        settled={1: (Fate.UNCONFIRMED, Cause.NO_VERDICT)},
        counts={Status.CONFIRMED: 0},
    ),
    Scene(
        "an item that was let pass is in the chute",
        WATCHED,
        {2: "eye", 22: "gate_eye", 30: "eject_eye"},
        {5: (1, PASS)},
        settled={1: (Fate.UNASKED, Cause.TOLD)},
    ),
    Scene(
        "the eject eye sees things too early, bouncing and too late",
        WATCHED,
        {
            2: "eye",
            22: "gate_eye",
            27: "eject_eye",
            29: "eject_eye",
            31: "eject_eye",
            60: "eject_eye",
        },
        {5: (1, REJECT)},
        settled={1: (Fate.EJECTED, Cause.TOLD)},
        counts={Status.UNASKED: 2},
    ),
    Scene(
        "an eject at the window's last millisecond, and a bounce",
        WATCHED,
        {2: "eye", 22: "gate_eye", 36: "eject_eye", 38: "eject_eye"},
        {5: (1, REJECT)},
        settled={1: (Fate.EJECTED, Cause.TOLD)},
        counts={Status.UNASKED: 0},
    ),
    Scene(
        "two ejects in one window are two items",
        replace(WATCHED, decide_steps=1, tolerance_steps=1, confirm_until_ms=20),
        {2: "eye", 11: "eye", 22: "gate_eye", 31: "gate_eye", 35: "eject_eye", 38: "eject_eye"},
        settled={1: (Fate.EJECTED, Cause.NO_VERDICT), 2: (Fate.EJECTED, Cause.NO_VERDICT)},
    ),
    Scene(
        "a thing that vanished casts doubt on what is behind it",
        WATCHED,
        {2: "eye", 12: "eye", 32: "gate_eye"},
        {5: (1, PASS), 14: (2, PASS)},
        settled={1: (Fate.TAKEN_OFF, Cause.TOLD), 2: (Fate.UNCONFIRMED, Cause.DOUBT)},
        counts={Status.TAKEN_OFF: 1},
    ),
    Scene(
        "a leap of the belt takes two items off at once",
        WATCHED,
        {2: "eye", 12: "eye"},
        {5: (1, PASS), 14: (2, PASS)},
        leaps={16: 30},
        settled={1: (Fate.TAKEN_OFF, Cause.TOLD), 2: (Fate.TAKEN_OFF, Cause.DOUBT)},
    ),
    Scene(
        "two items too close are both rejected",
        WATCHED,
        {2: "eye", 9: "eye", 22: "gate_eye", 29: "gate_eye"},
        {5: (1, PASS), 11: (2, PASS)},
        settled={1: (Fate.UNCONFIRMED, Cause.CLOSE), 2: (Fate.UNCONFIRMED, Cause.CLOSE)},
    ),
    Scene(
        "items at the least spacing pass, a bounce between them is nothing",
        WATCHED,
        {2: "eye", 10: "eye", 22: "gate_eye", 23: "", 30: "gate_eye"},
        {5: (1, PASS), 11: (2, PASS)},
        settled={1: (Fate.PASSED, Cause.TOLD), 2: (Fate.PASSED, Cause.TOLD)},
    ),
    Scene(
        "bouncing eyes count once, an eye that stays dark counts once",
        replace(WATCHED, bounce_steps=4),
        {2: "eye", 4: "eye", 5: "eye", 6: "", 22: "gate_eye", 24: "gate_eye", 25: "gate_eye"},
        {7: (1, PASS)},
        settled={1: (Fate.PASSED, Cause.TOLD)},
        counts={Status.ITEMS: 1, Status.APPEARED: 0},
    ),
    Scene(
        "a second thing at the gate's eye before the first is decided on",
        replace(WATCHED, tolerance_steps=4, decide_steps=8),
        {2: "eye", 10: "eye", 22: "gate_eye", 29: "gate_eye"},
        {5: (1, PASS), 12: (2, PASS)},
        settled={1: (Fate.UNCONFIRMED, Cause.CLOSE), 2: (Fate.UNCONFIRMED, Cause.CLOSE)},
    ),
    Scene(
        "a thing that is no item comes to the gate's eye",
        WATCHED,
        {2: "eye", 10: "gate_eye", 22: "gate_eye"},
        {5: (1, PASS)},
        settled={1: (Fate.UNCONFIRMED, Cause.DOUBT)},
        counts={Status.APPEARED: 1},
    ),
    Scene(
        "the eject of a thing that is no item is no unasked one, but a second is",
        WATCHED,
        {10: "gate_eye", 18: "eject_eye", 21: "eject_eye"},
        counts={Status.APPEARED: 1, Status.UNASKED: 1, Status.ESCAPED: 0},
    ),
    Scene(
        "the eject of a thing that is no item comes too late",
        WATCHED,
        {10: "gate_eye", 25: "eject_eye"},
        counts={Status.APPEARED: 1, Status.UNASKED: 1, Status.ESCAPED: 1},
    ),
    Scene(
        "a thing that is no item shuts an open gate",
        WATCHED,
        {2: "eye", 14: "eye", 22: "gate_eye", 28: "gate_eye", 34: "gate_eye"},
        {5: (1, PASS), 16: (2, PASS)},
        settled={1: (Fate.UNCONFIRMED, Cause.DOUBT), 2: (Fate.UNCONFIRMED, Cause.DOUBT)},
        counts={Status.APPEARED: 1},
    ),
    Scene(
        "the earliest and the latest step at the gate's eye",
        WATCHED,
        {2: "eye", 12: "eye", 20: "gate_eye", 34: "gate_eye"},
        {5: (1, PASS), 14: (2, PASS)},
        settled={1: (Fate.PASSED, Cause.TOLD), 2: (Fate.PASSED, Cause.TOLD)},
    ),
    Scene(
        "one step too early at the gate's eye",
        WATCHED,
        {2: "eye", 19: "gate_eye"},
        {5: (1, PASS)},
        settled={1: (Fate.TAKEN_OFF, Cause.DOUBT)},
        counts={Status.APPEARED: 1},
    ),
    Scene(
        "one step too late at the gate's eye",
        WATCHED,
        {2: "eye", 25: "gate_eye"},
        {5: (1, PASS)},
        settled={1: (Fate.TAKEN_OFF, Cause.TOLD)},
        counts={Status.APPEARED: 1},
    ),
    Scene(
        "a stopped line rejects",
        WATCHED,
        {2: "eye", 22: "gate_eye"},
        {5: (1, PASS)},
        {20: {"control": 0}},
        settled={1: (Fate.UNCONFIRMED, Cause.STOPPED)},
    ),
    Scene(
        "a line that is stopped while the gate is open shuts it",
        PLAIN,
        {2: "eye"},
        {5: (1, PASS)},
        {24: {"control": 2}, 26: {"control": 3}},
        settled={1: (Fate.UNCONFIRMED, Cause.STOPPED)},
    ),
    Scene(
        "what the gate was shut on and the eject eye sees is ejected",
        WATCHED,
        {2: "eye", 22: "gate_eye", 32: "eject_eye"},
        {5: (1, PASS)},
        {27: {"control": 0}},
        settled={1: (Fate.EJECTED, Cause.STOPPED)},
    ),
    Scene(
        "another session voids the belt",
        WATCHED,
        {2: "eye", 12: "eye", 22: "gate_eye", 32: "gate_eye"},
        {5: (1, PASS), 14: (2, PASS)},
        {8: {"session": 2}},
        settled={1: (Fate.UNCONFIRMED, Cause.VOID), 2: (Fate.PASSED, Cause.TOLD)},
        counts={Status.SESSION: 2, Status.VOID_UNTIL: 1},
    ),
    Scene(
        "another session voids what the gate's eye saw, not what the gate let pass",
        WATCHED,
        {2: "eye", 12: "eye", 22: "gate_eye", 32: "gate_eye"},
        {5: (1, PASS), 14: (2, PASS)},
        {33: {"session": 2}},
        settled={1: (Fate.PASSED, Cause.TOLD), 2: (Fate.UNCONFIRMED, Cause.VOID)},
    ),
    Scene(
        "a lost link shuts the gate, and a beat that comes back does not help",
        PLAIN,
        {2: "eye", 12: "eye", 40: "eye"},
        {5: (1, PASS), 14: (2, PASS), 42: (3, PASS)},
        mute=range(18, 35),
        settled={
            1: (Fate.UNCONFIRMED, Cause.VOID),
            2: (Fate.EJECTED, Cause.VOID),
            3: (Fate.EJECTED, Cause.VOID),
        },
        counts={Status.SESSION: 0, Status.VOID_UNTIL: 2},
    ),
    Scene(
        "a beat just in time keeps the link",
        PLAIN,
        {2: "eye"},
        {5: (1, PASS)},
        mute=range(8, 14),
        settled={1: (Fate.PASSED, Cause.TOLD)},
        counts={Status.SESSION: 1},
    ),
    Scene(
        "a beat a millisecond late loses it",
        PLAIN,
        {2: "eye"},
        {5: (1, PASS)},
        mute=range(8, 15),
        settled={1: (Fate.EJECTED, Cause.VOID)},
        counts={Status.SESSION: 0},
    ),
    Scene(
        "after a lost link a new session begins, the lost one does not",
        PLAIN,
        {2: "eye", 20: "eye"},
        {5: (1, PASS), 22: (2, PASS)},
        {14: {"session": 3}, 15: {"session": 1}, 16: {"session": 3}},
        mute=range(4, 13),
        settled={1: (Fate.EJECTED, Cause.VOID), 2: (Fate.PASSED, Cause.TOLD)},
        counts={Status.SESSION: 3},
    ),
    Scene(
        "without an eye at the gate the item is there after its travel",
        PLAIN,
        {2: "eye", 10: "eye", 18: "eye"},
        {5: (1, PASS), 12: (2, REJECT), 20: (3, PASS)},
        settled={
            1: (Fate.PASSED, Cause.TOLD),
            2: (Fate.EJECTED, Cause.TOLD),
            3: (Fate.PASSED, Cause.TOLD),
        },
    ),
    Scene(
        "a leap of the belt brings two items at once",
        PLAIN,
        {2: "eye", 10: "eye"},
        {5: (1, PASS), 12: (2, PASS)},
        leaps={15: 30},
        settled={1: (Fate.PASSED, Cause.TOLD), 2: (Fate.PASSED, Cause.TOLD)},
    ),
    Scene(
        "a verdict for another start is none",
        PLAIN,
        {2: "eye", 12: "eye"},
        {5: (1, PASS), 14: (2, REJECT)},
        sequence=8,
        settled={1: (Fate.EJECTED, Cause.NO_VERDICT), 2: (Fate.EJECTED, Cause.NO_VERDICT)},
    ),
    Scene(
        "a verdict for another item in the same slot is none",
        PLAIN,
        {2: "eye", 12: "eye"},
        {5: (9, PASS), 14: (10, REJECT)},
        settled={1: (Fate.EJECTED, Cause.NO_VERDICT), 2: (Fate.EJECTED, Cause.NO_VERDICT)},
    ),
    Scene(
        "a verdict that is no verdict is none",
        PLAIN,
        {2: "eye", 12: "eye"},
        {5: (1, Word.NONE)},
        settled={1: (Fate.EJECTED, Cause.NO_VERDICT), 2: (Fate.EJECTED, Cause.NO_VERDICT)},
    ),
    Scene(
        "more items than slots: the oldest lose their tracks",
        replace(PLAIN, slots=4, spacing_steps=3),
        dict.fromkeys(range(2, 40, 3), "eye"),
        {scan + 1: (scan // 3 + 1, PASS) for scan in range(2, 40, 3)},
        settled=dict.fromkeys(range(10, 14), (Fate.PASSED, Cause.TOLD)),
        counts={Status.ITEMS: 13, Status.SETTLED: 4, Status.PASSES: 4},
    ),
    Scene(
        "more items than slots, while some wait for the eject eye",
        replace(WATCHED, slots=4, spacing_steps=3, confirm_until_ms=60, decide_steps=1),
        dict.fromkeys(range(2, 60, 3), "eye gate_eye"),
        {scan + 1: (scan // 3 + 1, PASS) for scan in range(2, 60, 3)},
    ),
    Scene(
        "a technician opens the gate, for no longer than a link may be silent",
        PLAIN,
        {},
        commands={4: {"control": 3}, 30: {"control": 1}, 32: {"control": 2}, 35: {"control": 1}},
    ),
    Scene(
        "an item that comes ends a technician's test, and may pass",
        PLAIN,
        {6: "eye"},
        {8: (1, PASS)},
        {4: {"control": 3}},
        settled={1: (Fate.PASSED, Cause.TOLD)},
    ),
    Scene(
        "a technician does not open the gate with an item on the belt, or without a session",
        PLAIN,
        {6: "eye"},
        commands={8: {"control": 3}, 30: {"control": 1}, 46: {"control": 3}},
        mute=range(36, 70),
        settled={1: (Fate.EJECTED, Cause.NO_VERDICT)},
    ),
    Scene(
        "the flags show inputs and outputs",
        PLAIN,
        {
            2: "bin_full",
            3: "air_low",
            4: "guard_open",
            5: "eye",
            6: "gate_eye",
            7: "eject_eye",
            8: "bin_full air_low guard_open gate_eye eject_eye",
        },
        settled={1: (Fate.EJECTED, Cause.NO_VERDICT)},
    ),
]
