"""Pictures of printed codes, as a camera would see them."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.sim.printing import printed
from drivers.sim.scene import photographed


def code(index: int, format_name: str = "data-matrix", module_px: int = 4) -> NDArray[np.uint8]:
    return printed(f"0109521234543213210A{index:05d}", format_name, module_px=module_px)


def scene(
    label: NDArray[np.uint8],
    seed: int = 1,
    *,
    size: tuple[int, int] = (640, 480),
    at: tuple[float, float] = (320.0, 240.0),
    noise_sigma: float = 2,
    **how: Any,
) -> NDArray[np.uint8]:
    return photographed(
        label, size=size, at=at, noise_sigma=noise_sigma, rng=np.random.default_rng(seed), **how
    )


def write(folder: Path, pictures: list[NDArray[np.uint8]]) -> Path:
    folder.mkdir()
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{index:03d}.png"), picture)
    return folder
