"""docs/gate.md says what the programs do: its table is the map's."""

import re
from pathlib import Path

from drivers.gate.map import GateMap
from drivers.gate.registers import Cause, Fate

PAGE = (Path(__file__).parents[2] / "docs" / "gate.md").read_text(encoding="utf-8")


def test_the_table_of_words_is_the_map_with_nothing_configured() -> None:
    due = [
        (
            name,
            str(point.address),
            str(point.count),
            "" if point.bit is None else str(point.bit),
            point.writer,
            " ".join(point.meaning.split()),
        )
        for name, point in GateMap().points().items()
    ]
    found = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in PAGE.splitlines()
        if re.match(r"\| [a-z_]+ \| \d+ \|", line)
    ]
    assert found == due


def test_every_fate_and_cause_is_in_its_table() -> None:
    rows = re.findall(r"^\| (\d) \| .* \| (\d?) \| .*\|$", PAGE, re.MULTILINE)
    assert [int(fate) for fate, _ in rows] == list(Fate)
    assert [int(cause) for _, cause in rows if cause] == list(Cause)
