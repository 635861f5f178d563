"""What is looked at of a picture."""

import numpy as np

from drivers.sim.printing import printed
from drivers.sim.scene import layer_scene
from edge_agent.camera.layer.locate import MOST, locate


def test_each_code_has_a_box_and_the_empty_table_none() -> None:
    labels = [printed(f"{number:09d}", "qr", module_px=6) for number in range(24)]
    scene = layer_scene(
        labels, 4, 6, size=(4_000, 3_000), angle_deg=5, tilt=(10, 0), turn_deg=45, blur_sigma=2,
        noise_sigma=6, rng=np.random.default_rng(1),
    )  # fmt: skip
    boxes = locate(scene.pixels)

    for corners in scene.corners:
        assert corners is not None
        assert any(
            all(
                box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height
                for x, y in corners
            )
            for box in boxes
        )
    assert len(boxes) == 24
    assert sum(box.width * box.height for box in boxes) < 0.12 * scene.pixels.size


def test_the_boxes_of_a_busy_picture_are_bounded_and_inside() -> None:
    rng = np.random.default_rng(1)
    specks = np.full((3_000, 4_000), 200, np.uint8)
    for x, y in zip(rng.integers(0, 3_960, 3_000), rng.integers(0, 2_960, 3_000), strict=True):
        specks[y : y + 24 : 4, x : x + 24] = 0
    boxes = locate(specks)

    assert 0 < len(boxes) <= MOST
    assert all(box.x >= 0 and box.x + box.width <= 4_000 for box in boxes)
    assert all(box.y >= 0 and box.y + box.height <= 3_000 for box in boxes)
