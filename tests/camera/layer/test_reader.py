"""Small rendered layers, read by the real decoder."""

import pickle
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.sim.printing import printed
from drivers.sim.scene import layer_scene
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.layer.plan import LayerPlan
from edge_agent.camera.layer.reader import LayerReader, Sweep
from edge_agent.camera.layer.reading import LayerReading
from edge_agent.camera.symbols import Format

Grey = NDArray[np.uint8]

GRID = LayerPlan(rows=3, columns=4)
NAMES = [f"r{row}c{column}" for row in (1, 2, 3) for column in (1, 2, 3, 4)]
TEXTS = [f"0104006381333931210{name}" for name in NAMES]


def picture(
    texts: Sequence[str | None] = TEXTS,
    *,
    format_: Format = Format.DATA_MATRIX,
    covered: Sequence[str] = (),
    angle_deg: float = 3.0,
    seed: int = 1,
) -> Grey:
    """A layer of 3 times 4, tilted by 10 degrees; half of each of the `covered` is gone."""
    labels = [None if text is None else printed(text, format_, module_px=4) for text in texts]
    return layer_scene(
        labels, 3, 4,
        size=(880, 660), angle_deg=angle_deg, tilt=(8, 6), turn_deg=6, blur_sigma=0.8,
        noise_sigma=3, damage=[55 if name in covered else 0 for name in NAMES],
        rng=np.random.default_rng(seed),
    ).pixels  # fmt: skip


def reader(
    plan: LayerPlan = GRID, *, format_: Format = Format.DATA_MATRIX, region: Box | None = None
) -> LayerReader:
    return LayerReader(plan, ReadingPlan((format_,)), region=region)


def read(grey: Grey, plan: LayerPlan = GRID, format_: Format = Format.DATA_MATRIX) -> LayerReading:
    return reader(plan, format_=format_).read(grey)


@pytest.mark.parametrize("format_", [Format.DATA_MATRIX, Format.QR])
def test_each_code_of_a_tilted_layer_is_read_in_its_place(format_: Format) -> None:
    reading = read(picture(format_=format_), format_=format_)

    assert reading.why == ""
    assert [(code.text, cell) for code, cell in reading.codes] == list(
        zip(TEXTS, NAMES, strict=True)
    )


def test_damaged_and_absent_codes_are_named_by_their_places() -> None:
    texts = [None if name == "r3c1" else text for name, text in zip(NAMES, TEXTS, strict=True)]
    reading = read(picture(texts, covered=["r2c3"]))

    assert [str(place) for place in reading.missing] == ["r2c3", "r3c1"]
    assert reading.why == "10 of 12 codes read; not read: r2c3, r3c1"


def test_the_outline_of_a_missing_code_is_where_it_lies() -> None:
    labels = [printed(text, "data-matrix", module_px=4) for text in TEXTS]
    scene = layer_scene(
        labels, 3, 4, size=(880, 660), angle_deg=5, tilt=(10, 0), blur_sigma=0.8,
        damage=[60 if name == "r2c2" else 0 for name in NAMES], rng=np.random.default_rng(3),
    )  # fmt: skip
    cell = read(scene.pixels).cells[NAMES.index("r2c2")]
    true = scene.corners[NAMES.index("r2c2")]

    assert cell.symbol is None
    assert true is not None
    assert np.abs(np.mean(cell.corners, axis=0) - np.mean(true, axis=0)).max() < 15


def test_the_same_label_on_two_things_is_named_at_both() -> None:
    texts = [TEXTS[0] if name == "r3c4" else text for name, text in zip(NAMES, TEXTS, strict=True)]
    reading = read(picture(texts))

    assert [str(place) for place in reading.doubled] == ["r1c1", "r3c4"]
    assert "double: r1c1, r3c4" in reading.why


def test_two_labels_that_lie_together_are_two_codes_in_one_place() -> None:
    label = printed(TEXTS[5], Format.DATA_MATRIX, module_px=4)
    second = printed("second", Format.DATA_MATRIX, module_px=3)
    both = np.full((label.shape[0], label.shape[1] + second.shape[1]), 255, np.uint8)
    both[:, : label.shape[1]] = label
    both[: second.shape[0], label.shape[1] :] = second
    labels = [printed(text, Format.DATA_MATRIX, module_px=4) for text in TEXTS]
    labels[5] = both
    scene = layer_scene(labels, 3, 4, size=(880, 660), rng=np.random.default_rng(1))
    reading = read(scene.pixels)

    assert [str(place) for place in reading.doubled] == ["r2c2"]
    assert {code.text for code in reading.cells[5].symbols} == {TEXTS[5], "second"}


def test_parts_that_others_look_at_give_the_same_reading() -> None:
    grey = picture(covered=["r1c2"])
    ours, job = read(grey), reader().job(grey.shape, shares=3)
    parts = next(job)
    shared: LayerReading | None = None
    while shared is None:
        assert len(parts) <= 3
        # As another process would have them.
        parts = pickle.loads(pickle.dumps(parts))
        seen = [pickle.loads(pickle.dumps(reader().look(grey, part))) for part in parts]
        try:
            parts = job.send(seen)
        except StopIteration as end:
            shared = end.value

    assert shared.codes == ours.codes
    assert shared.missing == ours.missing
    assert pickle.loads(pickle.dumps(shared)).codes == ours.codes


def test_frames_of_a_layer_that_moved_are_merged_by_place() -> None:
    layer = reader()
    whole = layer.merge(
        layer.read(picture(covered=["r1c1", "r2c4"], angle_deg=5)),
        layer.read(picture(covered=["r3c2"], angle_deg=-4)),
    )

    assert whole.why == ""
    assert [cell for _, cell in whole.codes] == NAMES


def test_points_are_the_frames_where_only_a_region_is_looked_at() -> None:
    frame = np.full((900, 1_200), 120, np.uint8)
    frame[200:860, 250:1_130] = picture()
    beside = printed("beside", Format.DATA_MATRIX, module_px=4)
    frame[20 : 20 + beside.shape[0], 20 : 20 + beside.shape[1]] = beside
    whole, part = (reader(region=region).read(frame) for region in (None, Box(240, 190, 960, 710)))

    assert [each.text for each in whole.strangers] == ["beside"]
    assert part.complete
    assert part.cells[0].corners == whole.cells[0].corners


def test_counted_codes_come_in_reading_order() -> None:
    reading = read(picture(angle_deg=10), LayerPlan(count=12))

    assert reading.complete
    assert [(code.text, cell) for code, cell in reading.codes] == [(text, "") for text in TEXTS]


def test_of_counted_codes_it_is_told_how_many_are_missing() -> None:
    reading = read(picture(covered=["r1c3", "r3c3"]), LayerPlan(count=12))

    assert reading.absent == 2
    assert reading.missing == ()
    assert reading.why == "10 of 12 codes read"


def test_what_the_first_look_leaves_is_climbed_for_in_its_place() -> None:
    labels = [printed(text, Format.DATA_MATRIX, module_px=3) for text in TEXTS]
    grey = layer_scene(
        labels, 3, 4, size=(880, 660), angle_deg=4, tilt=(10, 0), blur_sigma=1.4, noise_sigma=2,
        rng=np.random.default_rng(2),
    ).pixels  # fmt: skip
    first = reader().look(grey, Sweep(0, 1))

    assert sum(len(part.symbols) for part in first.readings) < 12
    assert [cell for _, cell in read(grey).codes] == NAMES


def test_codes_on_printed_matter_are_found_between_its_letters() -> None:
    grey = picture().copy()
    for line in range(0, 660, 30):
        where = (grey[line : line + 30] > 215).any(axis=0)
        text = np.full((30, 880), 255, np.uint8)
        cv2.putText(text, "best before end " * 8, (0, 22), 0, 0.7, 0, 2)
        free = ~cv2.dilate(where.astype(np.uint8)[None], np.ones((1, 61))).astype(bool)[0]
        grey[line : line + 30, free] = np.minimum(grey[line : line + 30, free], text[:, free])

    assert read(grey).complete


def test_faint_codes_beside_a_glaring_pattern_are_found() -> None:
    grey = cv2.convertScaleAbs(picture(), alpha=0.15, beta=100).astype(np.uint8)
    frame = np.full((1_200, 1_600), 120, np.uint8)
    frame[20:680, 20:900] = grey
    frame[720:1_180:8, 20:1_580] = 255
    frame[724:1_180:8, 20:1_580] = 0

    assert read(frame, LayerPlan(count=12)).complete
    assert len(read(frame).codes) == 12


@pytest.mark.parametrize(
    "grey",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.full((480, 640), 255, np.uint8),
        np.random.default_rng(1).integers(0, 255, (480, 640)).astype(np.uint8),
    ],
    ids=["0 x 0", "1 x 1", "one colour", "noise"],
)
@pytest.mark.parametrize("plan", [GRID, LayerPlan(count=12)], ids=["grid", "count"])
def test_a_picture_without_codes_is_a_layer_without_codes(grey: Grey, plan: LayerPlan) -> None:
    reading = read(grey, plan)

    assert reading.codes == ()
    assert reading.absent == 12
    assert reading.why.startswith("0 of 12 codes read")
