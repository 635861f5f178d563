"""What a full layer is, and how its places are called."""

from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """A place in a layer, from 1; r1c1 is the picture's top left."""

    row: int
    column: int

    def __str__(self) -> str:
        return f"r{self.row}c{self.column}"


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """`rows` times `columns` places, or `count` codes anywhere; as in the section ``layer`` of a
    camera. So many `frames` of one layer are merged."""

    rows: int | None = None
    columns: int | None = None
    count: int | None = None
    frames: int = 3

    def __post_init__(self) -> None:
        grid = self.rows is not None and self.columns is not None
        if grid is (self.count is not None) or (self.rows is None) is not (self.columns is None):
            raise ValueError(
                f"rows {self.rows}, columns {self.columns}, count {self.count}: "
                "expected either rows and columns or count"
            )

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns, if the places are known."""
        if self.rows is None or self.columns is None:
            return None
        return self.rows, self.columns

    @property
    def expected(self) -> int:
        """Codes in a full layer."""
        return self.count or (self.rows or 0) * (self.columns or 0)
