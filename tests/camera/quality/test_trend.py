"""The trend warns of a printer that fades, and of no other."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.camera.quality import Measure, QualityWarning, Trend
from edge_agent.camera.symbols import Measures
from edge_agent.camera_config import Quality

BEGAN = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
CONFIG = Quality(window=50)
WINDOWS = st.sampled_from([5, 10, 37, 50, 100])
SEEDS = st.integers(0, 2**32)


def when(index: int) -> datetime:
    return BEGAN + timedelta(seconds=index)


def noisy(seed: int, sd: float) -> Callable[[float], float]:
    rng = random.Random(seed)
    return lambda level: min(1.0, max(0.0, rng.gauss(level, sd)))


def first_warning(trend: Trend, contrasts: Iterable[float]) -> tuple[int, QualityWarning] | None:
    for index, contrast in enumerate(contrasts):
        trend.add(Measures(contrast=contrast), when(index))
        if trend.warnings():
            return index, trend.warnings()[0]
    return None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(window=WINDOWS, level=st.floats(0.5, 0.95), part=st.floats(0, 1), seed=SEEDS)
def test_a_steady_printer_never_warns(window: int, level: float, part: float, seed: int) -> None:
    trend = Trend(Quality(window=window))
    seen = noisy(seed, part * (level - CONFIG.min_contrast) / 2.5)
    assert first_warning(trend, (seen(level) for _ in range(3_000))) is None


def test_codes_that_differ_much_are_no_trend() -> None:
    """Chance makes one now and then; of these series it makes none."""
    for seed in range(60):
        level = 0.5 + 0.3 * (seed % 10) / 10
        seen = noisy(seed, (level - CONFIG.min_contrast) / 1.5)
        assert first_warning(Trend(CONFIG), (seen(level) for _ in range(3_000))) is None, seed


def test_coarse_values_make_no_trend() -> None:
    """Error correction left has as many values as a symbol has correctable errors."""
    trend, rng = Trend(Quality(window=10)), random.Random(3)
    assert (
        first_warning(trend, (rng.choice((1, 0.9, 0.8, 0.7, 0.5)) for _ in range(20_000))) is None
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    window=WINDOWS,
    best=st.floats(0.55, 0.95),
    windows=st.floats(4, 60),
    sd=st.floats(0, 0.02),
    seed=SEEDS,
)
def test_a_fading_printer_warns_before_its_median_is_at_half_the_limit(
    window: int, best: float, windows: float, sd: float, seed: int
) -> None:
    """From its best to nothing within four windows, or within sixty."""
    trend, seen = Trend(Quality(window=window)), noisy(seed, sd)
    steady, fading = 3 * window, int(windows * window)
    levels = [best] * steady + [best * (1 - i / fading) for i in range(fading)]
    found = first_warning(trend, map(seen, levels))
    assert found is not None
    index, warning = found
    assert index >= steady
    assert warning.now > CONFIG.min_contrast / 2


def test_a_fade_over_ten_windows_is_told_before_the_limit_is_reached() -> None:
    trend, seen = Trend(CONFIG), noisy(1, 0.02)
    found = first_warning(trend, (seen(0.75 - 0.35 * i / 500) for i in range(500)))
    assert found is not None
    _, warning = found
    assert not warning.reached
    assert warning.now > CONFIG.min_contrast


def test_the_warning_says_what_since_when_from_what_to_what_and_the_mend() -> None:
    trend, seen = Trend(CONFIG), noisy(2, 0.01)
    for index in range(120):
        trend.add(Measures(contrast=seen(0.71)), when(index))
    for index in range(120, 220):
        trend.add(Measures(contrast=seen(0.38)), when(index))
    (warning,) = trend.warnings()
    assert str(warning) == (
        "printer fading since 14:01: contrast 0.38, was 0.71, expected at least 0.40; check ribbon "
        "or ink and clean the print head; if the print is good, check the light"
    )


@pytest.mark.parametrize("codes", [10, 100, 1_000, 10_000])
def test_since_is_the_last_time_that_all_was_as_well_as_before(codes: int) -> None:
    """After a paler stock, whose beginning is another story, the print fades within `codes`."""
    trend, seen, steady = Trend(CONFIG), noisy(3, 0.02), max(codes, 1_000)
    levels = [0.9] * steady + [0.7] * steady + [0.7 - 0.4 * i / codes for i in range(codes)]
    found = first_warning(trend, map(seen, [*levels, *[0.3] * 50]))
    assert found is not None
    index, warning = found
    faded_s = index - 2 * steady
    assert abs((warning.since - when(2 * steady)).total_seconds()) < 0.2 * faded_s
    assert warning.was == pytest.approx(0.7, abs=0.02)


def test_a_printer_that_is_weak_from_the_beginning_was_never_better() -> None:
    trend = Trend(CONFIG)
    for index in range(CONFIG.window):
        trend.add(Measures(contrast=0.3), when(index))
    (warning,) = trend.warnings()
    assert warning.was is None
    assert "contrast 0.30, expected at least 0.40" in str(warning)


def test_another_label_stock_that_is_paler_but_good_is_no_trend() -> None:
    trend, seen = Trend(CONFIG), noisy(4, 0.02)
    assert first_warning(trend, (seen(0.9 if i < 500 else 0.55) for i in range(2_000))) is None


def test_a_warning_is_cleared_after_a_whole_good_window_and_not_before() -> None:
    trend = Trend(CONFIG)
    for index in range(100):
        trend.add(Measures(contrast=0.3), when(index))
    good = 0
    while trend.warnings():
        trend.add(Measures(contrast=0.8), when(100 + good))
        good += 1
    # The median follows after half a window; then a window long all must be well.
    assert CONFIG.window <= good <= 2 * CONFIG.window


@settings(max_examples=20, deadline=None, derandomize=True)
@given(level=st.floats(0.38, 0.42), seed=SEEDS)
def test_a_printer_at_the_limit_does_not_flap(level: float, seed: int) -> None:
    trend, seen, changes, stands = Trend(CONFIG), noisy(seed, 0.03), 0, False
    for index in range(3_000):
        trend.add(Measures(contrast=seen(level)), when(index))
        changes += bool(trend.warnings()) is not stands
        stands = bool(trend.warnings())
    assert changes <= 1


@pytest.mark.parametrize(
    ("good", "bad", "measure", "mend"),
    [
        (Measures(module_px=4.0), Measures(module_px=2.0), Measure.MODULE_PX, "camera"),
        (
            Measures(error_correction_left=0.9),
            Measures(error_correction_left=0.2),
            Measure.ERROR_CORRECTION_LEFT,
            "clean the print head",
        ),
        (Measures(tries=1), Measures(tries=4), Measure.TRIES, "focus"),
    ],
)
def test_each_measure_has_its_own_mend(
    good: Measures, bad: Measures, measure: Measure, mend: str
) -> None:
    trend = Trend(CONFIG)
    for index in range(200):
        trend.add(good, when(index))
    assert trend.warnings() == ()
    for index in range(200, 300):
        trend.add(bad, when(index))
    (warning,) = trend.warnings()
    assert warning.measure is measure
    assert mend in str(warning)


def test_what_cannot_be_measured_warns_of_nothing() -> None:
    trend = Trend(CONFIG)
    for index in range(500):
        trend.add(Measures(), when(index))
    assert trend.warnings() == ()
    assert trend.facts() == {
        "medians": {
            "contrast": None,
            "module_px": None,
            "error_correction_left": None,
            "tries": 1,
        },
        "warnings": [],
    }


def test_a_warning_of_another_day_tells_the_date() -> None:
    trend = Trend(CONFIG)
    for index in range(200):
        trend.add(Measures(contrast=0.3), BEGAN + timedelta(hours=index))
    assert "since 2026-03-04 15:00" in str(trend.warnings()[0])


def test_fifty_thousand_codes_are_remembered_in_a_hundred_places() -> None:
    trend = Trend(Quality(window=5))
    for index in range(50_000):
        trend.add(Measures(contrast=0.8), when(index))
    series = trend._watches[0]._series
    assert len(series._history) < 8 * 14
