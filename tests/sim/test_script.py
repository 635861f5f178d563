"""The plan of a day on the belt."""

import pytest
from biip.gtin import Gtin
from biip.sscc import Sscc

from drivers.sim.codes import OTHER_PRODUCT, PRODUCT, sscc
from drivers.sim.layout import DEMO
from drivers.sim.script import PRODUCT_FAULTS, Fault, least_spacing_ms, write_script

EVERY_FAULT = frozenset(Fault)


def test_the_same_seed_gives_the_same_day() -> None:
    assert write_script(500, 900, 7, EVERY_FAULT) == write_script(500, 900, 7, EVERY_FAULT)
    assert write_script(500, 900, 7, EVERY_FAULT) != write_script(500, 900, 8, EVERY_FAULT)


def test_every_fault_that_was_asked_for_comes_and_no_other() -> None:
    for fault in PRODUCT_FAULTS:
        script = write_script(2_000, 1_200, 1, frozenset({fault}))
        assert {unit.fault for unit in script.units} == {None, fault}
        assert not script.unplugs and not script.drops
    assert write_script(60, 1_200, 1, EVERY_FAULT).unplugs
    assert write_script(60, 1_200, 1, EVERY_FAULT).drops


def test_no_two_products_are_fed_closer_than_the_least_spacing() -> None:
    script = write_script(5_000, 1_200, 3, frozenset())
    spacings = [unit.spacing_ms for unit in script.units]
    assert min(spacings) >= least_spacing_ms(DEMO)
    assert sum(spacings) / len(spacings) == pytest.approx(50, rel=0.01)
    with pytest.raises(ValueError, match="rate is 1400 a minute, expected at most 1248"):
        write_script(10, 1_400, 3, frozenset())


def test_a_genuine_code_is_printed_once_and_a_duplicate_repeats_an_earlier_one() -> None:
    script = write_script(3_000, 1_200, 5, EVERY_FAULT)
    printed: set[str] = set()
    for unit in script.units:
        if unit.fault is Fault.DUPLICATE:
            assert unit.printed in printed
        else:
            assert unit.printed not in printed
        printed.add(unit.printed)


def test_malformed_lines_hold_no_terminator_and_are_no_good_code() -> None:
    script = write_script(3_000, 1_200, 5, frozenset({Fault.MALFORMED}))
    lines = [unit.sent for unit in script.units if unit.fault is Fault.MALFORMED]
    kinds = {"check digit": 0, "garbage": 0, "not UTF-8": 0}
    for line in lines:
        assert line and not set(line) & set(b"\r\n")
        if line.endswith(tuple(bytes((0xFF, tail)) for tail in range(0x80, 0xC0))):
            kinds["not UTF-8"] += 1
        elif line.startswith(b"01095212345432"):
            kinds["check digit"] += 1
            assert line[2:16].decode() != PRODUCT
        else:
            kinds["garbage"] += 1
    assert all(kinds.values())


def test_check_digits_are_those_an_independent_gs1_parser_expects() -> None:
    for number in (PRODUCT, OTHER_PRODUCT):
        assert Gtin.parse(number).value == number
    for extension_digit in (0, 1):
        label = sscc(extension_digit, 123_456)
        assert Sscc.parse(label).value == label
        assert label[0] == str(extension_digit)
