"""The part of a frame that is looked at."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.symbols import Point
from edge_agent.camera_config import Region


def grey_part(pixels: NDArray[np.uint8], region: Region | None) -> NDArray[np.uint8]:
    """In grey, (h, w); of no size where the region lies outside of the frame."""
    if region is not None:
        below, right = region.y + region.height, region.x + region.width
        pixels = pixels[region.y : below, region.x : right]
    if pixels.ndim == 2 or not pixels.size:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def origin_of(region: Region | None) -> Point:
    """Where it begins, in pixels of the frame."""
    return (region.x, region.y) if region else (0, 0)


def box_of(region: Region | None) -> Box | None:
    """As the layer's words have it."""
    return Box(region.x, region.y, region.width, region.height) if region else None
