"""Pictures of one label, and the plan that looks for it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.sim.printing import printed
from drivers.sim.scene import outline, photographed
from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.symbols import Corners, Format, Reading

Grey = NDArray[np.uint8]

SIZE = (640, 480)
AT = (320, 240)
GTIN = "04006381333931"
SERIAL = f"01{GTIN}21ABC-123"
TEXTS = {
    Format.DATA_MATRIX: (SERIAL, SERIAL, "]d2"),
    Format.QR: ("https://example.com/é漢", "https://example.com/é漢", "]Q1"),
    Format.CODE_128: ("ABC-123", "ABC-123", "]C0"),
    Format.EAN_13: ("4006381333931", "4006381333931", "]E0"),
    Format.EAN_8: ("55123457", "55123457", "]E4"),
    Format.UPC_A: ("036000291452", "0036000291452", "]E0"),
    Format.UPC_E: ("01234565", "0012345000065", "]E0"),
    Format.ITF: ("30712345000010", "30712345000010", "]I1"),
    Format.DATABAR: (GTIN, f"01{GTIN}", "]e0"),
}
"""What is printed, what is read, and its AIM identifier."""


def label(name: Format, text: str | None = None, module_px: int = 3, level: str = "M") -> Grey:
    return printed(text or TEXTS[name][0], name.value, module_px=module_px, level=level)


def scene(of: Grey, **how: Any) -> Grey:
    """The label in the middle of a frame, a little blurred and noisy."""
    rng = np.random.default_rng(how.pop("seed", 4))
    defaults = {"size": SIZE, "at": AT, "blur_sigma": 0.6, "noise_sigma": 2}
    return photographed(of, **(defaults | how), rng=rng)


def corners(of: Grey, **how: Any) -> Corners:
    """Where `scene` puts them."""
    return outline(of, size=SIZE, at=AT, **how)


def read(name: Format, picture: Grey, **plan: Any) -> Reading:
    """With no limit of time."""
    return Ladder(ReadingPlan((name,), **plan)).read(picture)


def texts(reading: Reading) -> list[str]:
    return [symbol.text for symbol in reading.symbols]
