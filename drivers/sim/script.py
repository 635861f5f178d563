"""What will happen on the belt, decided before it starts: the same seed, the same day."""

import random
import string
from dataclasses import dataclass
from enum import StrEnum

from drivers.sim.codes import OTHER_PRODUCT, PRODUCT, UnitCode
from drivers.sim.layout import DEMO, Layout

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
    SPEED_DRIFT = "speed-drift"
    """The belt's speed wanders by a few per cent."""
    BELT_STOP = "belt-stop"
    """The belt stops and goes on."""
    CLOSE_ITEMS = "close-items"
    """The feeding lets a product come closer than it guarantees."""
    BOUNCE = "bounce"
    """The contacts of the eyes bounce."""
    SLIP = "slip"
    """A product lags on the belt."""
    HAND_REMOVAL = "hand-removal"
    """A hand takes a product off between trigger and gate."""
    HAND_INSERTION = "hand-insertion"
    """A hand puts a thing on the belt between trigger and gate."""
    JAM = "jam"
    """A product stands still, others run up to it, then all go on."""
    CYLINDER_SLOW = "cylinder-slow"
    """The gate's cylinder takes longer from time to time."""
    FLAP_STUCK = "flap-stuck"
    """The gate's flap stays where it is, open or shut, for a while."""
    EJECT_BLIND = "eject-blind"
    """The eject sensor sees nothing for a while."""
    BIN_FULL = "bin-full"
    AIR_LOW = "air-low"
    """There is no air to open the gate."""
    GUARD_OPEN = "guard-open"
    """Somebody opens a guard, and the belt stands until it is shut."""
    LABEL_DAMAGE = "label-damage"
    """Case labels are scratched or torn."""
    GLARE = "glare"
    """A lamp shines on a case label until the case is turned."""
    CAMERA_FREEZE = "camera-freeze"
    """The camera sends the same picture again and again for about two seconds."""
    CAMERA_DROP = "camera-drop"
    """The camera's stream breaks, and is refused for about a second."""


PRODUCT_FAULTS = {
    Fault.UNREAD: 0.02,
    Fault.DUPLICATE: 0.02,
    Fault.MALFORMED: 0.02,
    Fault.WRONG_PRODUCT: 0.01,
    Fault.DOUBLE_READ: 0.02,
}
"""The share of products that carry the fault. The others happen to the plant, not to a product."""
GENUINE = (None, Fault.DOUBLE_READ)
"""The faults of products that may pass."""
CLOSE_SHARE = 0.01
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
    """Time after the product before it, on a belt of nominal speed."""
    read_ms: float
    """Time from photo-eye to the scanner's line."""
    echo_ms: float | None = None
    """Time from the scanner's line to the same line again."""
    close: bool = False
    """It comes closer than the feeding guarantees."""


@dataclass(frozen=True, slots=True)
class Script:
    """The whole day. The outages are positions (from 0) of the unit they come before."""

    units: tuple[Unit, ...]
    unplugs: frozenset[int]
    drops: frozenset[int]
    camera_freezes: frozenset[int]
    camera_drops: frozenset[int]


def write_script(
    units: int,
    rate_per_minute: float,
    seed: int,
    faults: frozenset[Fault],
    layout: Layout = DEMO,
) -> Script:
    """Plan `units` products at `rate_per_minute`. Equal arguments give equal scripts.

    Raises ValueError if `layout` needs more room between products than the rate leaves.
    """
    mean_ms = 60_000 / rate_per_minute
    least_ms = least_spacing_ms(layout)
    if mean_ms < least_ms:
        raise ValueError(
            f"rate is {rate_per_minute:g} a minute, expected at most {60_000 / least_ms:.0f}: "
            f"products are fed at least {least_ms:g} ms apart"
        )
    chance = random.Random(seed)  # noqa: S311  a plan that can be repeated, not a secret
    planner = _Planner(chance, faults, layout, mean_ms)
    return Script(
        units=tuple(planner.unit() for _ in range(units)),
        unplugs=_outages(chance, units, Fault.SCANNER_UNPLUG in faults),
        drops=_outages(chance, units, Fault.PLC_DROP in faults),
        camera_freezes=_outages(chance, units, Fault.CAMERA_FREEZE in faults),
        camera_drops=_outages(chance, units, Fault.CAMERA_DROP in faults),
    )


def least_spacing_ms(layout: Layout) -> float:
    """The feeding never lets two products closer, on a belt of nominal speed."""
    return round(layout.spacing_mm * 1_000 / layout.speed_mm_s, 3)


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


class _Planner:
    """Draws one product after the other."""

    def __init__(
        self, chance: random.Random, faults: frozenset[Fault], layout: Layout, mean_ms: float
    ) -> None:
        self._chance = chance
        self._faults = faults
        self._printer = _Printer(chance)
        self._mean_ms = mean_ms
        self._jitter_ms = min(0.1 * mean_ms, mean_ms - least_spacing_ms(layout))
        self._touching_ms = layout.pitch_mm * 1_000 / layout.speed_mm_s
        self._least_ms = least_spacing_ms(layout)
        self._read_ms = tuple(us / 1_000 for us in layout.read_us)

    def unit(self) -> Unit:
        chance, printer = self._chance, self._printer
        spacing_ms, close = self._spacing()
        fault = _draw(chance, self._faults)
        read_ms = chance.uniform(*self._read_ms)
        if fault is Fault.MALFORMED:
            sent = _malformed(chance, printer.fresh(PRODUCT))
            return Unit(None, _readable(sent), sent, fault, spacing_ms, read_ms, close=close)
        code = None
        if fault is Fault.DUPLICATE:
            code = printer.again()
        elif fault in (Fault.UNREAD, Fault.WRONG_PRODUCT):
            code = printer.fresh(PRODUCT if fault is Fault.UNREAD else OTHER_PRODUCT)
        if code is None:
            code = printer.good()
            fault = fault if fault is Fault.DOUBLE_READ else None
        text = code.text.encode()
        line: bytes | None = text
        if fault is Fault.UNREAD:
            line = chance.choice((NO_READ.encode(), None))
        echo_ms = chance.uniform(15, 95) if fault is Fault.DOUBLE_READ else None
        return Unit(code, _readable(text), line, fault, spacing_ms, read_ms, echo_ms, close)

    def _spacing(self) -> tuple[float, bool]:
        """Milliseconds, and whether they are fewer than the feeding guarantees."""
        if Fault.CLOSE_ITEMS in self._faults and self._chance.random() < CLOSE_SHARE:
            return self._chance.uniform(self._touching_ms, 0.98 * self._least_ms), True
        noise_ms = self._chance.uniform(-self._jitter_ms, self._jitter_ms)
        return self._mean_ms + noise_ms, False


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


def places(chance: random.Random, units: int, units_per_place: int) -> frozenset[int]:
    """Positions from 0, spread over the day, none in its first or last tenth: one, and one more
    for each `units_per_place`."""
    within = range(units // 10, max(units // 10 + 1, units - units // 10))
    return frozenset(chance.sample(within, min(1 + units // units_per_place, len(within))))


def _outages(chance: random.Random, units: int, wanted: bool) -> frozenset[int]:
    drawn = places(chance, units, UNITS_PER_OUTAGE)
    return drawn if wanted and units else frozenset()
