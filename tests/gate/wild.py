"""A belt by chance: what no one thought of writing as a scene."""

import random
from dataclasses import replace

from drivers.gate.parameters import Sensors
from drivers.gate.registers import Status, Word
from tests.gate.scenes import PLAIN, WATCHED
from tests.gate.twins import SOURCE, Twins


def wild(seed: int, *, source: str = SOURCE, scans: int = 350) -> Twins:
    """Things on a belt with slips, hand removals, bounces and strays, under an agent that is late,
    mute, wrong or restarted, all by chance."""
    dice = random.Random(seed)
    parameters = replace(
        dice.choice([PLAIN, WATCHED, WATCHED]),
        slots=dice.choice([4, 8]),
        decide_steps=dice.choice([0, 3, 6]),
        hold_steps=dice.choice([3, 7]),
        spacing_steps=dice.choice([2, 9]),
        confirm_until_ms=dice.choice([0, 8, 15]),
    )
    twins = Twins(
        parameters,
        start=dice.choice([1, 7, 65_535]),
        items=dice.choice([0, 65_533, (1 << 32) - 4]),
        clock=dice.choice([0, (1 << 32) - 90]),
        source=source,
    )
    first, due = twins.clock, {"eye": 3, "gate_eye": 0, "eject_eye": 0}
    session, mute_until, at_gate = 1, 0, dict[int, None]()
    twins.command(session=session, control=1)
    for scan in range(scans):
        position = (twins.position - first) % (1 << 32)
        on = {name for name in due if dice.random() < 0.01}
        if position >= due["eye"]:
            on.add("eye")
            due["eye"] = position + dice.choice([1, 5, 9, 11, 14, 25])
            if dice.random() < 0.9:
                at_gate[position + 20 + dice.choice([-3, -1, 0, 0, 0, 1, 2, 3])] = None
        if any(place <= position for place in at_gate):
            at_gate = {place: None for place in at_gate if place > position}
            on.add("gate_eye")
            if dice.random() < 0.5:
                due["eject_eye"] = scan + dice.choice([2, 4, 9, 14])
        if due["eject_eye"] == scan:
            on.add("eject_eye")
        twins.sensors = Sensors(**dict.fromkeys(on, True))
        if dice.random() < 0.003:
            twins.restart()
        if dice.random() < 0.01:
            mute_until = scan + dice.choice([4, 8, 20])
        if dice.random() < 0.02 or (twins.status(Status.SESSION) == 0 and dice.random() < 0.2):
            session = dice.choice([session + 1, session, 0])
            twins.command(session=session)
        if scan >= mute_until:
            twins.beat()
        twins.command(control=1 if dice.random() < 0.97 else dice.choice([0, 2, 3]))
        items = twins.block.status[Status.ITEMS]
        if dice.random() < 0.4:
            verdict = dice.choice([Word.PASS, Word.PASS, Word.PASS, Word.REJECT, Word.NONE])
            sequence = dice.choice([None] * 9 + [twins.status(Status.START) - 1])
            twins.answer(
                (items - dice.choice([0, 0, 0, 1, 2])) % (1 << 16), verdict, sequence=sequence
            )
        twins.scan(ms=dice.choice([1, 1, 1, 2]), steps=dice.choice([0, 1, 1, 1, 1, 2]))
    return twins
