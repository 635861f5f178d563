"""What a form's texts must be, before the line is asked. Pure: a fault is a saying, by field."""

import re
from collections.abc import Mapping
from datetime import date

from edge_agent.core.codes import check_gtin
from edge_agent.core.people import PERSON_ID
from edge_agent.core.saying import Saying, say

NAME_LIMIT = 200
ORDER_LIMIT = 40
"""It is printed as a barcode."""
BATCH_LIMIT = 20
"""Of a batch, AI 10 (GS1 General Specifications, 3.4.1)."""
TARGET_LIMIT = 9
_BATCH = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]*")
"""GS1 AI encodable character set 82 (GS1 General Specifications, 7.11)."""
_ORDER = re.compile(r"[!-~]*")

Faults = dict[str, Saying]


def order_faults(values: Mapping[str, str], taken: frozenset[str]) -> Faults:
    """Of an order; `taken` are the ids of others."""
    faults: Faults = {}
    number = values.get("id", "")
    if not number or not _ORDER.fullmatch(number) or len(number) > ORDER_LIMIT:
        faults["id"] = say("1 to {limit} letters and digits, no spaces", limit=ORDER_LIMIT)
    elif number in taken:
        faults["id"] = say("There is such an order already")
    if not values.get("gtin"):
        faults["gtin"] = say("Choose a product")
    batch = values.get("batch", "")
    if not _BATCH.fullmatch(batch) or len(batch) > BATCH_LIMIT:
        faults["batch"] = say(
            "At most {limit} letters, digits and signs without spaces", limit=BATCH_LIMIT
        )
    for name in ("made", "expiry"):
        if values.get(name) and _day(values[name]) is None:
            faults[name] = say("A day such as 2026-11-22")
    made, expiry = _day(values.get("made", "")), _day(values.get("expiry", ""))
    if made and expiry and expiry < made:
        faults["expiry"] = say("Not before the day on which it is made")
    target = values.get("target", "")
    if target and not (re.fullmatch("[0-9]+", target) and 0 < int(target) < 10**TARGET_LIMIT):
        faults["target"] = say("A whole number above 0")
    return faults


def product_faults(values: Mapping[str, str], taken: frozenset[str]) -> Faults:
    """Of a product; `taken` are the GTINs of others."""
    faults: Faults = {}
    gtin = values.get("gtin", "")
    try:
        check_gtin(gtin)
    except ValueError:
        faults["gtin"] = say("14 digits, the last of them the check digit")
    else:
        if gtin in taken:
            faults["gtin"] = say("There is such a product already")
    return faults | _name_faults(values)


def person_faults(values: Mapping[str, str], taken: frozenset[str]) -> Faults:
    """Of a person; `taken` are the ids of all others, also of who was revoked."""
    faults: Faults = {}
    number = values.get("id", "")
    if not PERSON_ID.fullmatch(number):
        faults["id"] = say("1 to 40 letters and digits, '.', '_' and '-'")
    elif number in taken:
        faults["id"] = say("Somebody has or had this number; it is never used again")
    if not values.get("role"):
        faults["role"] = say("Choose a role")
    return faults | _name_faults(values)


_JOINERS = dict.fromkeys((0x200C, 0x200D))


def _name_faults(values: Mapping[str, str]) -> Faults:
    given = values.get("name", "")
    # Two emoji are joined into one by what is not printable itself, as letters of some scripts are.
    plain = given.translate(_JOINERS)
    if not given.strip() or len(given) > NAME_LIMIT or not plain.isprintable():
        return {"name": say("1 to {limit} characters on one line", limit=NAME_LIMIT)}
    return {}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None
