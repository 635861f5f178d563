"""The warning comes before the real decoder begins to fail, on pictures of a print that fades."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from drivers.sim.printing import printed
from drivers.sim.scene import photographed
from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.quality import Trend
from edge_agent.camera.symbols import Format
from edge_agent.camera_config import Quality

BEGAN = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
QUALITY = Quality(window=20)


@pytest.mark.parametrize("form", [Format.DATA_MATRIX, Format.QR, Format.CODE_128])
@pytest.mark.parametrize("codes", [100, 300])
def test_a_fading_print_is_told_a_window_before_the_first_code_is_not_read(
    form: Format, codes: int
) -> None:
    """From good print to none within `codes` codes, after forty good ones."""
    label = printed("0109521234543213210A00001", form.value, module_px=3)
    ladder, trend = Ladder(ReadingPlan(formats=(form,))), Trend(QUALITY)
    told: int | None = None
    for index in range(40 + codes):
        picture = photographed(
            label,
            size=(label.shape[1] + 60, label.shape[0] + 60),
            at=(label.shape[1] / 2 + 30, label.shape[0] / 2 + 30),
            blur_sigma=0.7,
            noise_sigma=4,
            contrast=0.85 * min(1.0, 1 - (index - 40) / codes),
            rng=np.random.default_rng(index),
        )
        reading = ladder.read(picture)
        if not reading.symbols:
            break
        trend.add(reading.symbols[0].measures, BEGAN + timedelta(seconds=index))
        if told is None and trend.warnings():
            told = index
            warning = trend.warnings()[0]
    assert told is not None
    assert 40 <= told <= index - QUALITY.window
    assert str(warning).startswith("printer fading since 14:00: contrast 0.")
