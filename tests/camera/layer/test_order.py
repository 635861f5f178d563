"""Rows from the top, each from the left."""

from math import cos, radians, sin

import pytest

from edge_agent.camera.layer.order import in_reading_order
from edge_agent.camera.symbols import Corners, Engine, Format, Symbol


def symbol(row: int, column: int, angle_deg: float) -> Symbol:
    across, down = cos(radians(angle_deg)), sin(radians(angle_deg))
    x, y = column * 100.0, row * 120.0

    def at(right: float, below: float) -> tuple[float, float]:
        return (x + right) * across - (y + below) * down, (x + right) * down + (y + below) * across

    corners: Corners = at(-30, -30), at(30, -30), at(30, 30), at(-30, 30)
    return Symbol(f"{row}-{column}", "", Format.QR, corners, Engine.ZXING, "plain")


@pytest.mark.parametrize("angle_deg", [0, 10, -20, 30])
def test_rows_that_are_turned_stay_rows(angle_deg: float) -> None:
    layer = [symbol(row, column, angle_deg) for row in range(5) for column in range(10)]
    gap = layer[:13] + layer[14:]

    assert in_reading_order(reversed(layer)) == layer
    assert in_reading_order(reversed(gap)) == gap


def test_no_symbols_have_no_order() -> None:
    assert in_reading_order([]) == []
