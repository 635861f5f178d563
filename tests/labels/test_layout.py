"""Labels as they come out of another renderer: what they say, how wide it is, what is shown."""

from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from drivers.printers.zpl import MAX_JOB_BYTES
from drivers.sim.zpl_printer import picture as on_paper
from edge_agent.core.labels import texts
from edge_agent.core.sscc import SsccRange
from edge_agent.labels.layout import Drawing, LabelError, Symbol, lay_out
from edge_agent.labels.preview import picture
from edge_agent.labels.template import Template, load_template
from edge_agent.labels.typesetting import FontError, Typeface
from edge_agent.labels.zpl import zpl
from edge_agent.station_config import Hmi

FACE = Typeface(Hmi().font)
SSCC = SsccRange("6971234", 0, 1, 999).sscc(17)
FIELDS = texts(
    {"name": "清风原木纯品抽纸 24包"},
    {"made": "2026-11-22", "expiry": "2028-11-21"},
    gtin="06971234567802",
    batch="LOT20261122A",
    count=100,
    units=100,
    order="WO-4711",
    line="line-1",
) | {"sscc": SSCC}
ODD = [
    "مرحبا بالعالم",
    "שלום עולם",
    "😀👩‍👩‍👧🏳️‍🌈",
    "abc\u202egnp.exe\u202c",
    "a\x00b\x1b[31mc\r\nd",
    "^XA^FD~HS^XZ",
]


def drawn(name: str = "case", dpmm: int = 8, **fields: str) -> Drawing:
    return lay_out(load_template(name, None), FIELDS | fields, dpmm, FACE)


def codes(image: Image.Image) -> dict[str, str]:
    """What a scanner reads, by AIM symbology identifier; of several alike the lowest one."""
    found = zxingcpp.read_barcodes(image, text_mode=zxingcpp.TextMode.Plain)
    found.sort(key=lambda symbol: symbol.position.top_left.y)
    return {symbol.symbology_identifier: symbol.text for symbol in found}


def part(**keys: object) -> Template:
    """A label of 130 by 50 mm with one part, and the mark that each has."""
    mark = {"kind": "text", "at_mm": [0, 45], "size_mm": [9, 4], "text": "{mark}", "height_mm": 3}
    return Template.model_validate({"size_mm": [130, 50], "parts": [keys, mark]})


def text(said: str, width: int = 90, height: int = 12, size: float = 6, **keys: object) -> Drawing:
    form = part(
        kind="text", at_mm=[1, 1], size_mm=[width, height], text="{product}", height_mm=size, **keys
    )
    return lay_out(form, {"product": said}, 8, FACE)


# --- codes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["case", "pallet"])
@pytest.mark.parametrize("dpmm", [6, 8, 12, 24])
def test_the_built_in_labels_say_the_sscc_on_every_print_head(name: str, dpmm: int) -> None:
    label = zpl(drawn(name, dpmm))
    assert codes(on_paper(label))["]C1"] == f"00{SSCC}"
    if dpmm < 24:  # such heads are for small labels
        assert len(label) <= MAX_JOB_BYTES


def test_a_case_says_all_it_holds_in_its_data_matrix() -> None:
    said = codes(on_paper(zpl(drawn())))["]d2"]
    assert said == f"00{SSCC}0206971234567802370100\x1d1728112110LOT20261122A"


def test_a_pallet_has_a_digital_link_for_a_phone() -> None:
    said = codes(on_paper(zpl(drawn("pallet"))))
    assert said["]Q1"] == f"https://id.gs1.org/00/{SSCC}"


@pytest.mark.parametrize("name", ["case", "pallet"])
@pytest.mark.parametrize("mark", ["", "补打 REPRINT 2"])
def test_the_picture_is_what_the_printer_prints_dot_for_dot(name: str, mark: str) -> None:
    drawing = drawn(name, mark=mark)
    assert ImageChops.difference(picture(drawing), on_paper(zpl(drawing))).getbbox() is None


def test_the_bars_are_as_gs1_asks_for_on_a_logistic_unit() -> None:
    """Module at least 0.495 mm, height at least 31.75 mm, ten modules of white on each side."""
    for name in ("case", "pallet"):
        for dpmm, per_mm in ((8, 203 / 25.4), (12, 300 / 25.4)):
            drawing = drawn(name, dpmm)
            for bars in (mark for mark in drawing.marks if isinstance(mark, Symbol)):
                assert 0.495 <= bars.module / per_mm <= 1.016
                assert bars.height / per_mm >= 31.7
                grey = np.asarray(picture(drawing))[bars.y : bars.y + bars.height]
                right = bars.x + bars.modules * bars.module
                assert grey[:, right - 1].max() == 0
                assert grey[:, bars.x].max() == 0
                assert grey[:, bars.x - 10 * bars.module : bars.x].min() == 255
                assert grey[:, right : right + 10 * bars.module].min() == 255


def test_what_is_read_by_people_is_what_the_bars_say() -> None:
    (bars,) = (mark for mark in drawn().marks if isinstance(mark, Symbol))
    assert bars.says == f"(00){SSCC}"


SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


@settings(max_examples=40, deadline=None)
@given(
    st.text(SET_82, min_size=1, max_size=18) | st.text("0123456789A", min_size=1, max_size=18),
    st.integers(1, 99_999_999),
)
def test_any_batch_is_read_back_from_the_bars(batch: str, count: int) -> None:
    form = part(
        kind="gs1-128",
        at_mm=[0, 0],
        size_mm=[130, 30],
        module_mm=0.25,
        elements=["(02){gtin}", "(37){count}", "(10){batch}"],
    )
    said = FIELDS | {"batch": batch, "count": str(count)}
    digits = str(count).zfill(len(str(count)) + len(str(count)) % 2)
    paper = on_paper(zpl(lay_out(form, said, 12, FACE)))
    assert codes(paper) == {"]C1": f"020697123456780237{digits}\x1d10{batch}"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"gtin": "06971234567803"}, r"\(02\) cannot say '06971234567803'.*check digit"),
        ({"batch": "批号"}, r"\(10\) cannot say '批号'"),
        ({"batch": "B" * 21}, r"\(10\) cannot say 'BBB"),
        ({"expiry": "2028-13-41"}, r"\(17\) cannot say '281341'"),
        ({"sscc": SSCC[:-1] + "1"}, r"\(00\) cannot say"),
    ],
)
def test_a_value_that_no_code_may_say_is_refused_by_name(fields: dict[str, str], said: str) -> None:
    with pytest.raises(LabelError, match=said):
        drawn("case", **fields)


def test_all_values_that_no_code_may_say_are_told_at_once() -> None:
    with pytest.raises(LabelError, match=r"\(02\).*; \(17\).*; \(10\)"):
        drawn("case", gtin="1", expiry="soon", batch="批号")


def test_bars_that_do_not_fit_are_refused_with_what_they_need() -> None:
    form = part(kind="gs1-128", at_mm=[0, 0], size_mm=[80, 30], elements=["(10){batch}"])
    with pytest.raises(LabelError, match=r"need 1\d\d\.\d mm with their quiet zones and have 80"):
        lay_out(form, {"batch": "ABCDEFGHIJKLMNOPQRST"}, 8, FACE)


def test_what_is_not_known_is_left_out_of_the_code() -> None:
    drawing = drawn("case", batch="", expiry="", made="", gtin="", order="")
    # A count is a count of something: without the product it is left out, too.
    assert codes(picture(drawing))["]d2"] == f"00{SSCC}"


# --- words ---------------------------------------------------------------------------------


def ink_box(drawing: Drawing) -> tuple[int, int, int, int] | None:
    return ImageChops.invert(picture(drawing)).getbbox()


@pytest.mark.parametrize("said", ["加长" * 100, "W" * 200, "word " * 40, "加a" * 100, *ODD])
def test_no_name_leaves_its_box(said: str) -> None:
    drawing = text(said)
    box = ink_box(drawing)
    assert box is not None
    assert box[0] >= 7
    assert box[1] >= 6
    assert box[2] <= 8 + 720
    assert box[3] <= 8 + 97


def test_a_short_name_is_as_large_as_asked_and_a_long_one_smaller() -> None:
    short, long = ink_box(text("口")), ink_box(text("口" * 30))
    assert short is not None
    assert long is not None
    assert short[3] - short[1] > 35
    assert long[2] > 650, "it is wrapped at the full width"
    assert not text("口" * 30).warnings


def test_a_name_is_cut_with_an_ellipsis_and_that_is_told() -> None:
    drawing = text("加长" * 100, width=40)
    (warning,) = drawing.warnings
    assert "is cut with …" in warning


def test_what_the_font_cannot_show_is_a_box_and_counted() -> None:
    (warning,) = text("a😀😀ש中").warnings
    assert "3 shown as a box" in warning
    assert "U+1F600, U+05E9" in warning
    assert ink_box(text("😀")) is not None


def test_marks_of_direction_and_controls_change_nothing_around_them() -> None:
    plain = picture(text("abc gnp.exe d"))
    assert (
        ImageChops.difference(picture(text("abc\u202e gnp.exe\u202c\u200d d\x00")), plain).getbbox()
        is None
    )
    assert ImageChops.difference(picture(text("abc\r\n\tgnp.exe  d")), plain).getbbox() is None


@pytest.mark.parametrize("said", ODD)
def test_no_name_changes_what_the_label_says(said: str) -> None:
    drawing = drawn("case", product=said)
    paper = on_paper(zpl(drawing))
    assert codes(paper)["]C1"] == f"00{SSCC}"
    assert ImageChops.difference(picture(drawing), paper).getbbox() is None


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_name_can_be_set(said: str) -> None:
    zpl(text(said))


def test_a_line_does_not_begin_with_a_closing_mark() -> None:
    face_width = 10
    wrapped = FACE._wrap("汉" * face_width + "。" + "汉", face_width * 20, 20, False)
    assert wrapped == ["汉" * (face_width - 1), "汉。汉"]


def test_a_missing_font_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(FontError, match="fonts-wqy-microhei"):
        Typeface(tmp_path / "none.ttf")
