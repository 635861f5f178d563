"""Sharpness is measured against the module, so that one number means the same on every camera."""

import cv2
import numpy as np
import pytest

from drivers.sim.printing import printed
from drivers.sim.scene import outline
from edge_agent.camera.symbols import Format
from edge_agent.camera.tune.optics import BLURRED, SHARP, blur, exposure, laplacian_variance
from tests.camera.pictures import code, scene

PLACE = {"size": (900, 700), "at": (450.0, 350.0)}
FORMS = [Format.DATA_MATRIX, Format.QR, Format.CODE_128]


@pytest.mark.parametrize("module_px", [3, 5, 8])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("angle_deg", [0, 20])
def test_the_same_blur_in_modules_is_the_same_number_for_every_size_of_module(
    module_px: int, form: Format, angle_deg: float
) -> None:
    label = (
        code(1, form.value, module_px)
        if form is not Format.CODE_128
        else printed("ABC12345", form.value, module_px=module_px)
    )
    widths = []
    for part in (0.1, 0.25, 0.45):
        how = {**PLACE, "angle_deg": angle_deg}
        picture = scene(label, noise_sigma=4, blur_sigma=part * module_px, **how)
        found = blur(picture, outline(label, **how), module_px, form)
        assert found is not None
        assert found.along is None
        widths.append(found.modules)
    sharp, fair, soft = widths
    assert sharp < SHARP < fair < BLURRED < soft


@pytest.mark.parametrize(("kernel", "along"), [((9, 1), "x"), ((1, 9), "y")])
def test_a_code_that_moved_is_told_from_one_out_of_focus(
    kernel: tuple[int, int], along: str
) -> None:
    label = code(1, module_px=5)
    picture = cv2.blur(scene(label, **PLACE), kernel)
    found = blur(np.asarray(picture, np.uint8), outline(label, **PLACE), 5, Format.DATA_MATRIX)
    assert found is not None
    assert found.along == along


def test_noise_is_not_taken_for_sharpness() -> None:
    blank = np.full((50, 50), 255, np.uint8)
    noisy, quiet = scene(blank, noise_sigma=12), scene(code(1), noise_sigma=2)
    assert laplacian_variance(noisy) < 0.1 * laplacian_variance(quiet)


def test_no_pixels_are_measured_as_darkness() -> None:
    nothing = np.zeros((0, 0), np.uint8)
    assert exposure(nothing).dark == 1
    assert laplacian_variance(nothing) == 0
    outside = ((900.0, 900.0), (910.0, 900.0), (910.0, 910.0), (900.0, 910.0))
    assert blur(np.zeros((50, 50), np.uint8), outside, 4, Format.QR) is None
