"""`make operators-guide`: the pictures of docs/operators.*.md, taken from the running screens.

A short shift is worked in each language, with the scanner alone, and the screens are photographed
on the way.
"""

import asyncio
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import expect

from drivers.sim.bench.goods import Goods
from tests.e2e.shift_rig import Screen, hall, in_language
from tests.e2e.staff import BATCH, Shift, staffed

PICTURES = Path(__file__).parents[2] / "docs" / "images" / "operators"
FOLDERS = {"zh_CN": "zh", "en": "en"}
COLOURS = 96
"""Of a picture: enough for a screen of plain colours, and a third of the bytes."""


async def keep(screen: Screen, name: str, language: str) -> None:
    """Photograph `screen`."""
    shot = Image.open(BytesIO(await screen.page.screenshot(animations="disabled")))
    path = PICTURES / FOLDERS[language] / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    few = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


async def take_all(language: str) -> None:
    """Every picture of one language."""
    with tempfile.TemporaryDirectory(prefix="guide-") as name:
        async with hall(Path(name), in_language(language)) as made:
            shift = await staffed(made, language)
            for screen in shift.screens.values():
                await screen.page.locator(".where").click()  # touched once, it may sound
            await _bench(shift, language)
            await _label(shift, language)
            await _pallet_and_rework(shift, language)
            await _faults(shift, language)


async def _bench(shift: Shift, language: str) -> None:
    screen, one, two, fresh = shift.screens["bench-1"], *Goods(BATCH).bottles(3)
    await shift.scan("bench-1", one.text, "bad")
    await keep(screen, "nobody", language)
    await shift.badge("bench-1", "wang", "good")
    await shift.ask("bench-1", "ORDER:4711", "ask")
    await keep(screen, "approve", language)
    await shift.badge("bench-1", "li", "good")
    await shift.scan("bench-1", one.text, "good")
    await shift.scan("bench-1", two.text, "good")
    await keep(screen, "good", language)
    await shift.ask("bench-1", "CANCEL", "note")
    await shift.scan("bench-1", one.text, "bad")
    await keep(screen, "bad", language)
    await shift.ask("bench-1", "REPLACE", "ask")
    await keep(screen, "replace", language)
    await shift.scan("bench-1", one.text, "ask")
    await shift.scan("bench-1", fresh.text, "good")


async def _label(shift: Shift, language: str) -> None:
    screen = shift.screens["bench-1"]
    await shift.scan("bench-1", Goods(BATCH, first=50).bottle().text, "full")
    label = await shift.hall.next_label()
    await expect(screen.page.locator(".box-label.printed, .short-box.printed")).to_be_visible()
    await keep(screen, "full", language)
    await shift.badge("bench-2", "zhao", "good")
    for bottle, tone in zip(
        Goods(BATCH, first=60).bottles(3), ("good", "good", "full"), strict=True
    ):
        await shift.scan("bench-2", bottle.text, tone)
    other = await shift.hall.next_label()
    await shift.scan("bench-1", other, "bad")
    await keep(screen, "wrong-label", language)
    await shift.scan("bench-1", label, "full")
    await shift.scan("bench-2", other, "full")
    await shift.badge("pallet", "zhao", "good")
    await shift.scan("pallet", label, "good")
    await shift.scan("pallet", other, "good")


async def _pallet_and_rework(shift: Shift, language: str) -> None:
    await keep(shift.screens["pallet"], "pallet", language)
    await shift.badge("rework", "wang", "good")
    await shift.scan("rework", Goods(BATCH, first=60).bottle().text, "note")
    await keep(shift.screens["rework"], "rework", language)


async def _faults(shift: Shift, language: str) -> None:
    screen, printer = shift.screens["bench-1"], shift.hall.printer
    printer.labels_left = 0
    for bottle, tone in zip(
        Goods(BATCH, first=80).bottles(3), ("good", "good", "full"), strict=True
    ):
        await shift.scan("bench-1", bottle.text, tone)
    lamp = screen.page.locator(".lamp.down", has_text=shift.hall.config.titles["zebra"])
    await expect(lamp).to_be_visible(timeout=15_000)
    await keep(screen, "printer", language)
    await shift.hall.stop_line()
    await expect(screen.away).to_be_visible()
    await keep(screen, "away", language)


async def _main() -> None:
    for language in FOLDERS:
        await take_all(language)


if __name__ == "__main__":
    asyncio.run(_main())
