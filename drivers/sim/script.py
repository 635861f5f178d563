"""What will happen on the belt, decided before it starts: the same seed, the same day."""

import random
import string
from dataclasses import dataclass
from enum import StrEnum

from drivers.sim.codes import OTHER_PRODUCT, PRODUCT, UnitCode

MIN_SPACING_MS = 45.0
"""The feeding never lets two products closer: 1,200 a minute with a tenth to spare."""
NO_READ = "NOREAD"


class Fault(StrEnum):
    """What may go wrong in the plant."""

    UNREAD = "unread"
    """The scanner says that it read nothing, or says nothing."""
    DUPLICATE = "duplicate"
    """The printer repeated a code from any time before."""
    MALFORMED = "malformed"
    """A wrong check digit, garbage, or bytes that are no UTF-8."""
    WRONG_PRODUCT = "wrong-product"
    """A good code of another product."""
    DOUBLE_READ = "double-read"
    """The scanner sends the same line twice within 100 ms."""
    SCANNER_UNPLUG = "scanner-unplug"
    """The scanner's plug is pulled for about a second."""
    PLC_DROP = "plc-drop"
    """The PLC closes its connections and refuses new ones for about a second."""


PRODUCT_FAULTS = {
    Fault.UNREAD: 0.02,
    Fault.DUPLICATE: 0.02,
    Fault.MALFORMED: 0.02,
    Fault.WRONG_PRODUCT: 0.01,
    Fault.DOUBLE_READ: 0.02,
}
"""The share of products that carry the fault. The others happen to the plant, not to a product."""
UNITS_PER_OUTAGE = 250
"""An outage of each kind comes once, and once more for each so many products."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One product before it comes down the belt, and how its scanner will answer."""

    code: UnitCode | None
    """What names it; None where what is printed names nothing."""
    printed: str
    sent: bytes | None
    """The scanner's line without its terminator; None for silence."""
    fault: Fault | None
    spacing_ms: float
    """Time after the product before it."""
    read_ms: float
    """Time from photo-eye to the scanner's line."""
    echo_ms: float | None = None
    """Time from the scanner's line to the same line again."""


@dataclass(frozen=True, slots=True)
class Script:
    """The whole day. `unplugs` and `drops` are positions (from 0) of the unit they come before."""

    units: tuple[Unit, ...]
    unplugs: frozenset[int]
    drops: frozenset[int]


def write_script(units: int, rate_per_minute: float, seed: int, faults: frozenset[Fault]) -> Script:
    """Plan `units` products at `rate_per_minute`. Equal arguments give equal scripts.

    Raises ValueError if the rate leaves less than MIN_SPACING_MS between products.
    """
    mean_ms = 60_000 / rate_per_minute
    if mean_ms < MIN_SPACING_MS:
        raise ValueError(
            f"rate is {rate_per_minute:g} a minute, "
            f"expected at most {60_000 / MIN_SPACING_MS:.0f}: "
            f"products are fed at least {MIN_SPACING_MS:g} ms apart"
        )
    chance = random.Random(seed)  # noqa: S311  a plan that can be repeated, not a secret
    printer = _Printer(chance)
    jitter_ms = min(0.1 * mean_ms, mean_ms - MIN_SPACING_MS)
    planned = tuple(
        _unit(chance, printer, faults, mean_ms + chance.uniform(-jitter_ms, jitter_ms))
        for _ in range(units)
    )
    return Script(
        units=planned,
        unplugs=_outages(chance, units, Fault.SCANNER_UNPLUG in faults),
        drops=_outages(chance, units, Fault.PLC_DROP in faults),
    )


class _Printer:
    """Prints serials that never come twice, unless it is told to."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._serials: set[str] = set()
        self._printed: list[UnitCode] = []

    def fresh(self, gtin: str) -> UnitCode:
        while True:
            serial = "".join(self._chance.choices(string.digits + string.ascii_uppercase, k=10))
            if serial not in self._serials:
                self._serials.add(serial)
                return UnitCode(gtin, serial)

    def good(self) -> UnitCode:
        code = self.fresh(PRODUCT)
        self._printed.append(code)
        return code

    def again(self) -> UnitCode | None:
        return self._chance.choice(self._printed) if self._printed else None


def _unit(
    chance: random.Random, printer: _Printer, faults: frozenset[Fault], spacing_ms: float
) -> Unit:
    fault = _draw(chance, faults)
    read_ms = chance.uniform(5, 20)
    if fault is Fault.MALFORMED:
        sent = _malformed(chance, printer.fresh(PRODUCT))
        return Unit(None, _readable(sent), sent, fault, spacing_ms, read_ms)
    code = None
    if fault is Fault.DUPLICATE:
        code = printer.again()
    elif fault in (Fault.UNREAD, Fault.WRONG_PRODUCT):
        code = printer.fresh(PRODUCT if fault is Fault.UNREAD else OTHER_PRODUCT)
    if code is None:
        code = printer.good()
        fault = fault if fault is Fault.DOUBLE_READ else None
    line: bytes | None = code.text.encode()
    if fault is Fault.UNREAD:
        line = chance.choice((NO_READ.encode(), None))
    echo_ms = chance.uniform(15, 95) if fault is Fault.DOUBLE_READ else None
    return Unit(code, _readable(code.text.encode()), line, fault, spacing_ms, read_ms, echo_ms)


def _draw(chance: random.Random, faults: frozenset[Fault]) -> Fault | None:
    """At most one fault a product."""
    mark = chance.random()
    for fault, share in PRODUCT_FAULTS.items():
        mark -= share
        if mark < 0:
            return fault if fault in faults else None
    return None


def _malformed(chance: random.Random, code: UnitCode) -> bytes:
    match chance.choice(("check digit", "garbage", "not UTF-8")):
        case "check digit":
            wrong = (int(code.gtin[-1]) + chance.randint(1, 9)) % 10
            return UnitCode(f"{code.gtin[:-1]}{wrong}", code.serial).text.encode()
        case "garbage":
            # No CR and no LF: they would make two answers of one.
            alphabet = string.ascii_letters + string.digits + string.punctuation + "\x02\x07\x1b"
            return "".join(chance.choices(alphabet, k=chance.randint(1, 60))).encode()
        case _:
            return code.text.encode() + bytes((0xFF, chance.randint(0x80, 0xBF)))


def _readable(sent: bytes) -> str:
    return sent.decode("ascii", "backslashreplace")


def _outages(chance: random.Random, units: int, wanted: bool) -> frozenset[int]:
    """Where outages come: spread over the day, not in its first or last tenth."""
    places = range(units // 10, max(units // 10 + 1, units - units // 10))
    count = min(1 + units // UNITS_PER_OUTAGE, len(places))
    drawn = chance.sample(places, count)
    return frozenset(drawn) if wanted and units else frozenset()
