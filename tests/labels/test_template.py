"""Templates: the file's faults are named; the command shows what a label will look like."""

import io
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from drivers.sim.zpl_printer import picture
from edge_agent.cli import app
from edge_agent.labels.template import TemplateError, load_template
from tests.labels.test_label_config import GOOD
from tests.labels.test_layout import codes

OWN = """
size_mm = [60, 30]
[[parts]]
kind = "text"
at_mm = [1, 1]
size_mm = [58, 8]
text = "{product} {mark}"
height_mm = 5
"""


def own(tmp_path: Path, text: str = OWN, name: str = "own") -> Path:
    folder = tmp_path / "labels"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text)
    return folder


def test_a_template_beside_the_configuration_goes_before_the_built_in_one(tmp_path: Path) -> None:
    assert load_template("case", own(tmp_path, name="case")).size_mm == (60, 30)
    assert load_template("case", tmp_path).size_mm == (100, 70)


def test_a_template_that_is_nowhere_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"labels/cse\.toml, or one of case, pallet"):
        load_template("cse", tmp_path / "labels")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("{product} {mark}", "{product}"), r"no text says \{mark\}"),
        (("{product}", "{produkt}"), r"names 'produkt', expected some of product, gtin"),
        (("{product}", "{product.__class__}"), r"names 'product.__class__'"),
        (("{product}", "{product:>99999999}"), r"names 'product'"),
        (("{product}", "{product"), r"\{product"),
        (
            ("[58, 8]", "[60, 8]"),
            r"parts\.0 ends at 61 mm across and 9 mm down, expected within 60",
        ),
        (("height_mm", "heigth_mm"), r"heigth_mm"),
        (('kind = "text"', 'kind = "txt"'), r"txt"),
        (("size_mm = [60", "size_mm = [6000"), r"size_mm\.0"),
        (("size_mm = [60, 30]", "size_mm = [60, 30"), r"cannot be read as TOML"),
    ],
)
def test_a_fault_of_a_template_is_named_with_its_file(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    assert change[0] in OWN
    folder = own(tmp_path, OWN.replace(*change))
    with pytest.raises(TemplateError, match=said) as caught:
        load_template("own", folder)
    assert str(folder / "own.toml") in str(caught.value)


@pytest.mark.parametrize(
    ("element", "said"),
    [("sscc", r"expected an identifier"), ("(00){ssc}", r"names 'ssc'")],
)
def test_a_fault_of_an_element_is_named(tmp_path: Path, element: str, said: str) -> None:
    bars = f"""
[[parts]]
kind = "gs1-128"
at_mm = [0, 10]
size_mm = [60, 20]
elements = ["{element}"]
"""
    with pytest.raises(TemplateError, match=said):
        load_template("own", own(tmp_path, OWN + bars))


# --- the command ---------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "one.toml"
    path.write_text(GOOD)
    return path


def test_the_command_shows_a_label_that_nobody_takes_for_one(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "case.png"
    result = CliRunner().invoke(app, ["label", str(config), "case", "--png", str(target)])
    assert result.exit_code == 0, result.output
    image = Image.open(io.BytesIO(target.read_bytes()))
    assert image.size == (799, 559)
    assert codes(image)["]C1"] == "00069712340000000019"
    # The black field of the mark.
    assert image.crop((330, 20, 600, 48)).getextrema() == (0, 255)


def test_the_command_writes_what_the_printer_would_get(config: Path) -> None:
    result = CliRunner().invoke(app, ["label", str(config), "pallet", "--zpl"])
    assert result.exit_code == 0, result.output
    assert picture(result.stdout_bytes).size == (799, 1199)


def test_the_command_says_what_the_font_lacks(config: Path, tmp_path: Path) -> None:
    arguments = ["label", str(config), "case", "--png", str(tmp_path / "x.png")]
    result = CliRunner().invoke(app, [*arguments, "--field", "product=😀"])
    assert result.exit_code == 1
    assert "U+1F600" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["case"], "either --png FILE or --zpl"),
        (["cse", "--zpl"], "no label template 'cse'"),
        (["case", "--zpl", "--field", "produkt=x"], "expected NAME=TEXT"),
        (["case", "--zpl", "--field", "mark="], "a sample must be known as one"),
        (["case", "--zpl", "--field", "gtin=1"], "(02) cannot say '1'"),
    ],
)
def test_the_command_says_what_is_wrong(config: Path, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["label", str(config), *arguments])
    assert result.exit_code == 2
    assert said in result.stderr
