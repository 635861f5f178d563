"""What is wrong with the pictures, in words that a technician can act on. Pure."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from edge_agent.camera.role import reading_plan
from edge_agent.camera.symbols import Symbol
from edge_agent.camera.tune.looking import Look, Looks
from edge_agent.camera.tune.optics import BLURRED
from edge_agent.camera.tune.proposal import Proposal
from edge_agent.camera_config import Camera, Region

MIN_MODULE_PX = 3.0
MOSTLY_WHITE = 0.25
"""Half of a code is paper. Where half of that is as white as can be, edges are eaten away."""
MIN_LIGHT = 80
SOME = 0.25


def advice(
    camera: Camera, looks: Looks, proposal: Proposal | None, window_ms: int | None
) -> list[str]:
    """Everything to mend, each with its mend. `window_ms` is the read window of the gate whose
    scanner this camera is."""
    found = picture_advice(camera, looks.frames)
    if not looks.symbols:
        return [
            *found,
            f"no code was read in {len(looks.frames)} pictures: see with edge-agent camera view "
            "whether one is in the picture, sharp, and at least 3 pixels a module",
        ]
    found += [*_formats(camera, looks), *_counts(camera, looks)]
    doubted = sum(len(look.doubted) for look in looks.frames)
    if doubted:
        found.append(
            f"{doubted} EAN or UPC codes were seen and not believed: set decode.gtins to what is "
            "packed, or take more pictures of each"
        )
    if proposal is not None:
        found += _time(proposal, window_ms)
    faults = {each.fault for each in looks.evidence if each.fault}
    return [*found, *(f"no picture can be kept as evidence: {fault}" for fault in sorted(faults))]


def picture_advice(camera: Camera, looks: Sequence[Look]) -> list[str]:
    """What can be told of single pictures: light, sharpness, size, place."""
    return [*_light(looks), *_sharpness(looks), *_contrast(camera, looks), *_places(camera, looks)]


def _light(looks: Sequence[Look]) -> Iterator[str]:
    lights = [light for look in looks for light in look.code_light]
    lights = lights or [look.exposure for look in looks]
    bright = statistics.median(each.bright for each in lights)
    light = statistics.median(each.light for each in lights)
    if bright > MOSTLY_WHITE:
        yield (
            f"over-exposed: {bright:.0%} of the code is as white as the sensor can tell; shorten "
            "the exposure, close the aperture, or turn the light so that it does not mirror"
        )
    elif light < MIN_LIGHT:
        yield (
            f"too dark: what is light has the grey level {light:.0f}, expected 120 to 230; more "
            "light, an open aperture, then a longer exposure"
        )


def _sharpness(looks: Sequence[Look]) -> Iterator[str]:
    sizes = _measured(looks, "module_px")
    if sizes and (size := statistics.median(sizes)) < MIN_MODULE_PX:
        yield (
            f"{size:.1f} pixels a module, expected at least {MIN_MODULE_PX:.0f}: go nearer, take a "
            "longer focal length or a camera with more pixels, or print the code larger"
        )
    blurs = [blur for look in looks for blur in look.blurs]
    blurred = [blur for blur in blurs if blur.modules >= BLURRED]
    if len(blurred) <= SOME * len(blurs):
        return
    width = statistics.median(blur.modules for blur in blurred)
    along = Counter(blur.along for blur in blurred).most_common(1)[0][0]
    what = f"{len(blurred)} of {len(blurs)} codes are blurred, by {width:.2f} of a module"
    if along is None:
        yield f"{what}: focus (the bar of edge-agent camera view), clean the lens and its window"
    else:
        yield (
            f"{what}, only along {along}: they move during the exposure; shorten it and give more "
            "light, or flash"
        )


def _contrast(camera: Camera, looks: Sequence[Look]) -> Iterator[str]:
    contrasts = _measured(looks, "contrast")
    least = camera.quality.min_contrast
    if contrasts and (contrast := statistics.median(contrasts)) < least:
        yield (
            f"contrast {contrast:.2f}, expected at least {least:.2f} (quality.min_contrast): check "
            "the print and the light; glossy stock wants light from the side or a dome"
        )


def _formats(camera: Camera, looks: Looks) -> Iterator[str]:
    if looks.others:
        told = ", ".join(f"{form} {count} times" for form, count in looks.others.items())
        yield f"seen, but not in decode.formats: {told}; add it if it is to be read"
    seen = {symbol.format for symbol in looks.symbols}
    missing = [form for form in camera.decode.formats if form not in seen]
    if missing:
        yield f"in decode.formats, but not seen: {', '.join(missing)}; leave out what never comes"


def _places(camera: Camera, looks: Sequence[Look]) -> Iterator[str]:
    region = camera.decode.region
    if region is None:
        return
    symbols = [symbol for look in looks for symbol in look.symbols]
    outside = sum(not _inside(symbol, region) for symbol in symbols)
    if outside:
        yield (
            f"{outside} of {len(symbols)} codes lie outside decode.region or on its edge: "
            "take the region that is proposed, or move camera or guide"
        )


def _counts(camera: Camera, looks: Looks) -> Iterator[str]:
    due = reading_plan(camera).expected
    key = "layer" if camera.layer else "expected"
    with_codes = [look for look in looks.frames if look.symbols]
    more = [look for look in with_codes if len(look.symbols) > due]
    fewer = [look for look in with_codes if len(look.symbols) < due]
    if more:
        yield (
            f"{len(more)} of {len(with_codes)} pictures hold more codes than {due} ({key}), up to "
            f"{_most(more)}: narrow the region or cover the others, or expect them"
        )
    if fewer:
        yield (
            f"{len(fewer)} of {len(with_codes)} pictures with codes hold fewer than {due} ({key}): "
            "mend what is said here, or expect fewer"
        )
    empty = len(looks.frames) - len(with_codes)
    if empty and camera.trigger == "camera":
        yield (
            f"{empty} of {len(looks.frames)} pictures hold no code, and each picture of this "
            "camera is a product: check the moment of the trigger"
        )


def _time(proposal: Proposal, window_ms: int | None) -> Iterator[str]:
    if window_ms is not None and proposal.deadline_ms > window_ms:
        yield (
            f"an answer may take {proposal.deadline_ms} ms, and the gate's read_window_ms is "
            f"{window_ms}: make the region smaller, read fewer formats, give the gate more time, "
            "or take a faster PC"
        )
    if proposal.trial.lost:
        yield (
            f"read as proposed, {proposal.trial.lost} codes are not found again: they are at the "
            "limit; mend light, focus and size first"
        )


def _inside(symbol: Symbol, region: Region) -> bool:
    return all(
        region.x <= x <= region.x + region.width and region.y <= y <= region.y + region.height
        for x, y in symbol.corners
    )


def _most(looks: list[Look]) -> int:
    return max(len(look.symbols) for look in looks)


def _measured(looks: Sequence[Look], measure: str) -> list[float]:
    values = [getattr(symbol.measures, measure) for look in looks for symbol in look.symbols]
    return [value for value in values if value is not None]
