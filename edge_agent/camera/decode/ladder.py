"""Reads one picture by trying what costs little first, until what is expected is found."""

import time

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.symbols import (
    Engine,
    Format,
    Measures,
    Point,
    Reading,
    Symbol,
    Try,
)

_FORMATS = {
    Format.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Format.QR: zxingcpp.BarcodeFormat.QRCode,
    Format.CODE_128: zxingcpp.BarcodeFormat.Code128,
    Format.EAN_13: zxingcpp.BarcodeFormat.EAN13,
    Format.EAN_8: zxingcpp.BarcodeFormat.EAN8,
    Format.UPC_A: zxingcpp.BarcodeFormat.UPCA,
    Format.UPC_E: zxingcpp.BarcodeFormat.UPCE,
    Format.ITF: zxingcpp.BarcodeFormat.ITF,
    Format.DATABAR: zxingcpp.BarcodeFormat.DataBar,
}


class Ladder:
    """Pure but for what it learns of the cost of its rungs; one thread at a time."""

    def __init__(self, plan: ReadingPlan) -> None:
        self.plan = plan

    def read(
        self,
        grey: NDArray[np.uint8],
        *,
        origin: Point = (0, 0),
        budget_us: int | None = None,
    ) -> Reading:
        """The symbols in `grey` (h, w), their corners moved by `origin`."""
        began = time.perf_counter_ns()
        symbols = []
        if grey.size:
            for seen in zxingcpp.read_barcodes(
                np.ascontiguousarray(grey),
                formats=[_FORMATS[name] for name in self.plan.formats],
                try_rotate=self.plan.rotated,
                try_invert=self.plan.inverted,
                text_mode=zxingcpp.TextMode.Plain,
            ):
                at = seen.position
                a, b, c, d = (
                    (point.x + origin[0], point.y + origin[1])
                    for point in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
                )
                symbols.append(
                    Symbol(
                        text=seen.text,
                        aim=seen.symbology_identifier,
                        format=self._format(seen),
                        corners=(a, b, c, d),
                        engine=Engine.ZXING,
                        rung="plain",
                        measures=Measures(error_correction_left=(seen.extra or {}).get("UEC")),
                    )
                )
        elapsed_us = (time.perf_counter_ns() - began) // 1_000
        return Reading(tuple(symbols), tries=(Try("plain", elapsed_us, len(symbols)),))

    def _format(self, seen: zxingcpp.Barcode) -> Format:
        for name, value in _FORMATS.items():
            if seen.format == value:
                return name
        return Format.DATABAR
