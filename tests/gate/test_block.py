"""gate_block.st and block.py are one program: the same words and outputs after every scan."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.registers import WORD, Cause, Fate, Word
from tests.gate.scenes import PLAIN, SCENES, WATCHED
from tests.gate.twins import DWORD, SOURCE, Twins, compiled
from tests.gate.wild import wild

_BY_NAME = {scene.name: scene for scene in SCENES}


@pytest.mark.parametrize("name", _BY_NAME)
def test_a_scene_comes_to_what_it_should_on_both(name: str) -> None:
    scene = _BY_NAME[name]
    twins = scene.play()
    assert twins.settled == scene.settled
    assert {word: twins.status(word) for word in scene.counts} == scene.counts


@pytest.mark.parametrize("items", [WORD - 2, DWORD - 2], ids=["65,536", "2**32"])
@pytest.mark.parametrize("name", _BY_NAME)
def test_a_scene_comes_to_the_same_where_the_counters_wrap(name: str, items: int) -> None:
    scene = _BY_NAME[name]
    twins = scene.play(items=items, clock=DWORD - 20)
    assert twins.settled == {(items + n) % WORD: told for n, told in scene.settled.items()}


def test_the_scenes_show_every_fate_and_every_cause() -> None:
    told = [pair for scene in SCENES for pair in scene.settled.values()]
    assert {fate for fate, _ in told} == set(Fate) - {Fate.UNDER_WAY, Fate.PASSING}
    assert {cause for _, cause in told} == set(Cause)


@pytest.mark.parametrize("seed", range(60))
def test_a_wild_belt_looks_the_same_to_both(seed: int) -> None:
    wild(seed)


_SENSORS = ["eye", "gate_eye", "eject_eye", "bin_full", "air_low", "guard_open"]
_SCANS = st.lists(
    st.fixed_dictionaries(
        {
            "on": st.sets(st.sampled_from(_SENSORS)),
            "ms": st.sampled_from([1, 0, 2, 9]),
            "steps": st.sampled_from([1, 0, 5, 23]),
            "beat": st.booleans(),
            "command": st.none()
            | st.tuples(st.sampled_from(["session", "control"]), st.integers(0, 3)),
            "answer": st.none()
            | st.tuples(st.integers(0, 9), st.sampled_from(Word), st.booleans()),
            "restart": st.just(False) | st.booleans(),
        }
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(
    scans=_SCANS,
    parameters=st.sampled_from([PLAIN, WATCHED]),
    items=st.sampled_from([0, WORD - 2, DWORD - 2]),
    clock=st.sampled_from([0, DWORD - 20]),
)
def test_whatever_comes_both_show_the_same(
    scans: list[Any], parameters: Parameters, items: int, clock: int
) -> None:
    twins = Twins(parameters, items=items, clock=clock)
    twins.command(session=1, control=1)
    for scan in scans:
        if scan["restart"]:
            twins.restart()
        if scan["beat"]:
            twins.beat()
        if scan["command"]:
            name, value = scan["command"]
            twins.command(**{name: value})
        if scan["answer"]:
            back, verdict, is_stale = scan["answer"]
            twins.answer(items + 9 - back, verdict, sequence=6 if is_stale else None)
        twins.sensors = Sensors(**dict.fromkeys(scan["on"], True))
        twins.scan(ms=scan["ms"], steps=scan["steps"])


def test_the_names_in_the_block_are_the_registers_own() -> None:
    block = compiled(8, SOURCE).new("GateBlock")
    for enum, prefix in [(Fate, "fate"), (Cause, "cause"), (Word, "verdict")]:
        for member in set(enum) - {Word.NONE}:
            name = prefix + member.name.lower().replace("_", "")
            assert getattr(block, name) == member, name
