"""What comes to a bench: products of one batch, and labels that were printed elsewhere."""

from dataclasses import dataclass, field
from itertools import count

from drivers.sim.codes import GS, PRODUCT, sscc


@dataclass(frozen=True, slots=True)
class Bottle:
    """A product: GTIN (01), serial (21), batch (10), as GS1 writes them."""

    gtin: str
    serial: str
    batch: str

    @property
    def key(self) -> str:
        """Its identity, ``01<GTIN>21<serial>``."""
        return f"01{self.gtin}21{self.serial}"

    @property
    def text(self) -> str:
        """What a scanner sends: FNC1 ends the serial, and the batch comes last."""
        return f"{self.key}{GS}10{self.batch}"


@dataclass(slots=True)
class Goods:
    """One batch of a product: no serial comes twice."""

    batch: str
    gtin: str = PRODUCT
    first: int = 1
    _serials: "count[int]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._serials = count(self.first)

    def bottle(self) -> Bottle:
        """The next one."""
        return Bottle(self.gtin, f"{self.batch}{next(self._serials):06d}", self.batch)

    def bottles(self, number: int) -> list[Bottle]:
        return [self.bottle() for _ in range(number)]


def printed_label(extension_digit: int, serial_reference: int) -> str:
    """What a scanner sends for a label with an SSCC that came with the roll."""
    return f"00{sscc(extension_digit, serial_reference)}"
