"""What a text means, and what is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.codes import FNC1, CodeError, CodeKind, Form, check_gtin, parse
from edge_agent.core.names import LevelName

UNIT, CASE = LevelName("unit"), LevelName("case")
GTIN = "06971234567802"
FORMS = (
    Form(UNIT, CodeKind.GS1, ("01", "21"), {"21": 12}),
    Form(UNIT, CodeKind.DIGITAL_LINK, ("01", "21")),
    Form(
        UNIT,
        CodeKind.URL,
        pattern=re.compile(r"https://t\.example\.cn/(?P<serial>[A-Z0-9]{12})"),
    ),
    Form(UNIT, CodeKind.PLAIN, pattern=re.compile(r"SN(?P<serial>\d{6})")),
    Form(CASE, CodeKind.GS1, ("00",)),
)
KEY = f"01{GTIN}21ABCDEF123456"


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        FNC1 + KEY,
        f"{KEY}{FNC1}",
        f"HTTPS://ID.GS1.ORG/01/{GTIN}/21/ABCDEF123456",
        f"{KEY}{FNC1}10LOT1",
        f"{KEY}10LOT1",  # the scanner lost FNC1; the serial's length splits it
        f"10LOT1{FNC1}{KEY}",
        f"01{GTIN}1727123121ABCDEF123456",
        f"https://id.gs1.org/01/{GTIN}/21/ABCDEF123456",
        f"https://brand.example/shop/01/{GTIN[1:]}/21/ABCDEF123456?17=271231",
    ],
)
def test_the_same_product_has_one_key_however_it_is_written(text: str) -> None:
    code = parse(text, FORMS)
    assert (code.key, code.level, code.gtin, code.serial) == (KEY, UNIT, GTIN, "ABCDEF123456")


def test_lot_and_expiry_are_taken_along() -> None:
    code = parse(f"01{GTIN}17271231{KEY[16:]}{FNC1}10LOT1", FORMS)
    assert (code.lot, code.expiry) == ("LOT1", "271231")


def test_url_plain_and_sscc_are_known_by_their_forms() -> None:
    assert parse("https://t.example.cn/ABCDEF123456", FORMS).key == "url:ABCDEF123456"
    assert parse("SN000123", FORMS).key == "plain:000123"
    assert parse("00006971234000000017", FORMS).level == CASE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the text is empty"),
        ("SN00012\N{FULLWIDTH DIGIT THREE}", "character 8 is U+FF13"),
        ("SN\x07000123", "character 3 is U+0007"),
        (f"01{GTIN[:-1]}321ABCDEF123456", "check digit should be 2"),
        ("00006971234000000012", "check digit should be 7"),
        ("21ABCDEF123456", "lacks (01)"),
        (f"01{GTIN}{FNC1}{FNC1}21ABCDEF123456", "two FNC1"),
        (f"01{GTIN}21ABC", "has 3 characters, expected 12"),
        (f"{KEY}{FNC1}21ABCDEF123457", "(21) is both"),
        ("https://other.example/ABCDEF123456", "does not match"),
        ("https://id.gs1.org/01/12345/21/A/x", "no pairs"),
        ("hello", "does not match"),
    ],
)
def test_what_is_no_code_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(CodeError) as refused:
        parse(text, FORMS)
    assert said in str(refused.value)


def test_plain_text_in_a_gs1_symbol_is_no_plain_code() -> None:
    with pytest.raises(CodeError):
        parse("SN000123", FORMS, symbology="]d2")
    assert parse("SN000123", FORMS, symbology="]d1").key == "plain:000123"


@given(st.text(max_size=80))
def test_any_text_is_a_code_or_an_explained_refusal(text: str) -> None:
    try:
        code = parse(text, FORMS)
    except CodeError as error:
        assert str(error)
    else:
        assert code.text.isascii()


@given(
    st.text("0123456789", min_size=13, max_size=13), st.text("0123456789", min_size=1, max_size=1)
)
def test_only_the_due_check_digit_makes_a_gtin(body: str, digit: str) -> None:
    weights = [3, 1] * 7
    due = -sum(int(d) * w for d, w in zip(body, weights, strict=False)) % 10
    if int(digit) == due:
        assert check_gtin(body + digit) == body + digit
    else:
        with pytest.raises(CodeError, match=f"should be {due}"):
            check_gtin(body + digit)
