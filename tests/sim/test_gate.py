"""The PLC's rules at trigger and gate, as docs/gate.md states them."""

from drivers.sim.gate import GatePlc, Layout

LAYOUT = Layout(counters=0, outcomes=16, verdicts=0, slots=32)


def write_verdict(plc: GatePlc, number: int, verdict: int) -> None:
    slot = 2 * (number % LAYOUT.slots)
    plc.holding_registers[slot : slot + 2] = [number % 65_536, verdict]


def outcome(plc: GatePlc, number: int) -> list[int]:
    slot = LAYOUT.outcomes + 2 * (number % LAYOUT.slots)
    return plc.input_registers[slot : slot + 2]


def test_the_gate_at_rest_ejects() -> None:
    plc = GatePlc(LAYOUT)
    number = plc.trigger()
    assert outcome(plc, number) == [1, 0]
    assert not plc.at_gate(number)
    assert outcome(plc, number) == [1, 2]


def test_only_its_own_pass_lets_an_item_through() -> None:
    for number_written, verdict, passes in (
        (1, 1, True),
        (1, 2, False),
        (33, 1, False),
        (1, 3, False),
    ):
        plc = GatePlc(LAYOUT)
        plc.trigger()
        write_verdict(plc, number_written, verdict)
        assert plc.at_gate(1) is passes


def test_a_pass_written_before_the_trigger_is_wiped() -> None:
    plc = GatePlc(LAYOUT)
    write_verdict(plc, 1, 1)
    assert not plc.at_gate(plc.trigger())


def test_a_pass_from_65536_items_ago_is_not_fresh() -> None:
    plc = GatePlc(LAYOUT, items_before=4)
    assert plc.trigger() == 5
    write_verdict(plc, 5, 1)
    for _ in range(65_535):
        plc.trigger()
    # Nothing but the trigger wipes the slot: put the old word back where only it can take it away.
    write_verdict(plc, 5, 1)
    assert plc.trigger() == 65_541
    assert plc.input_registers[0] == 5
    assert not plc.at_gate(65_541)


def test_the_counters_are_shown_modulo_65536() -> None:
    plc = GatePlc(LAYOUT, items_before=65_535)
    assert plc.input_registers[:2] == [65_535, 65_535]
    number = plc.trigger()
    assert (number, plc.input_registers[:2]) == (65_536, [0, 65_535])
    assert outcome(plc, number) == [0, 0]
    plc.at_gate(number)
    assert plc.input_registers[:2] == [0, 0]
