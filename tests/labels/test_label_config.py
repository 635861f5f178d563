"""Labels and printers in the configuration: each fault is named with its mend."""

import re
from pathlib import Path

import pytest

from edge_agent.config_file import ConfigError, load_config

GOOD = """
[line]
name = "one"
[[levels]]
name = "unit"
[[levels.codes]]
kind = "gs1"
requires = ["01", "21"]
[[levels]]
name = "case"
capacity = 12
[[levels.codes]]
kind = "gs1"
requires = ["00"]
pattern = '0006971234\\d+'
[levels.label]
template = "case"
printer = "zebra"
sscc = { prefix = "6971234", last = 999 }
[[levels]]
name = "pallet"
capacity = 4
[[levels.codes]]
kind = "gs1"
requires = ["00"]
[levels.label]
template = "pallet"
printer = "zebra"
sscc = { prefix = "6971234", extension = 1, last = 999 }
[printers.zebra]
url = "tcp://127.0.0.1:9100"
[devices.hand]
kind = "scanner"
url = "tcp://127.0.0.1:9004"
suffix = "\\r"
[[stations]]
name = "bench"
scanner = "hand"
reads = ["unit", "case", "pallet"]
"""


def faults(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "one.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return caught.value.faults


def test_a_good_one_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(GOOD)
    config = load_config(path)
    assert config.printers["zebra"].dpmm == 8
    assert config.levels[1].label is not None
    assert config.levels[1].label.sscc is not None
    assert config.levels[1].label.sscc.range().sscc(1) == "069712340000000019"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('printer = "zebra"', 'printer = "zbr"'), r"levels\.1\.label\.printer is 'zbr'.*zebra"),
        (("extension = 1", "extension = 0"), r"expected another extension"),
        (("last = 999 }", "last = 9999999999 }"), r"none above 999999999"),
        (("'0006971234\\d+'", "'0009\\d+'"), r"levels\.1\.label: its SSCCs.*of a pallet as well"),
        (('requires = ["00"]\npattern', 'requires = ["01"]\npattern'), r"codes of a pallet"),
        (("'0006971234\\d+'", "'00\\d+'"), r"levels\.2\.label: its SSCCs.*of a case as well"),
        (("tcp://127.0.0.1:9100", "http://p:9100"), r"printers\.zebra\.url.*tcp://host:port"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    (fault, *_) = [each for each in faults(tmp_path, change) if re.search(said, each)] or [None]
    assert fault, faults(tmp_path, change)


def test_a_level_without_an_sscc_form_is_told_which_one_it_needs(tmp_path: Path) -> None:
    plain = ('kind = "gs1"\nrequires = ["00"]', "kind = \"plain\"\npattern = 'C-.*'")
    without = ("\npattern = '0006971234\\d+'", "")
    found = faults(tmp_path, without, plain)
    assert sum("expected a form with kind 'gs1' and requires ['00']" in each for each in found) == 2
