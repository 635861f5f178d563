"""Who works in the hall, and what their screens must say: one shift in one language."""

import re

from playwright.async_api import expect

from drivers.sim.bench.goods import Bottle, Goods
from drivers.sim.codes import OTHER_PRODUCT, PRODUCT
from edge_agent.core.events import Reason
from edge_agent.vocabulary import REASONS
from edge_agent.words import Words, words
from tests.e2e.shift_rig import CASE_UNITS, Hall, Screen, Seen

BATCH, NEXT_BATCH = "L2611A", "L2611B"


_HAN = re.compile("[\u4e00-\u9fff]")
_ENGLISH = re.compile("[a-z]{2,} [a-z]{2,} [a-z]{2,}")
"""Three words in a row: no name or code, but a sentence that nobody has translated."""


def is_in(language: str, text: str) -> bool:
    """Whether nothing in `text` is of the other language."""
    return not (_HAN if language == "en" else _ENGLISH).search(text)


NAMES = {
    "zh_CN": {"li": "李强", "wang": "王芳", "zhao": "赵敏"},
    "en": {"li": "Li Qiang", "wang": "Wang Fang", "zhao": "Zhao Min"},
}


class Shift:
    """One shift in one language: what is scanned, and what the screen then must say."""

    def __init__(self, hall: Hall, language: str) -> None:
        self.hall = hall
        self.t: Words = words(language)
        self.language = language
        self.screens: dict[str, Screen] = {}

    async def scan(self, station: str, text: str, tone: str, reason: Reason | None = None) -> Seen:
        """Scan `text`: the screen must answer in `tone`, and say `reason` in the shift's words."""
        return await self._after(station, text, tone, reason)

    async def ask(
        self, station: str, command: str, tone: str, reason: Reason | None = None
    ) -> Seen:
        return await self._after(station, f"EA:{command}", tone, reason)

    async def fill(self, station: str, goods: Goods) -> list[Bottle]:
        """Scan as many products as fill a case."""
        bottles = goods.bottles(CASE_UNITS)
        for bottle in bottles:
            await self.scan(station, bottle.text, "full" if bottle is bottles[-1] else "good")
        return bottles

    async def badge(self, station: str, person: str, tone: str) -> Seen:
        return await self._after(station, f"EA:BADGE:{self.hall.badges[person]}", tone, None)

    async def _after(self, station: str, text: str, tone: str, reason: Reason | None) -> Seen:
        scanner, screen = self.hall.scanners[station], self.screens[station]
        # What the printer says of a label that is under way would be taken for the answer.
        await expect(screen.page.locator(".box-label.printing")).to_have_count(0)
        seen = await screen.after(lambda: scanner.scan(text))
        assert seen.tone == tone, (text, seen)
        # Every sentence is in the language of who stands there.
        assert all(is_in(self.language, each) for each in (seen.text, *seen.culprits)), seen
        if reason is not None:
            assert seen.word == self.t(REASONS[reason].word)
            assert seen.remedy == self.t(REASONS[reason].remedy)
        return seen


async def staffed(hall: Hall, language: str) -> Shift:
    """Two operators and a supervisor with badges, two products, two orders, four screens."""
    names = NAMES[language]
    await hall.add_person("li", names["li"], "supervisor", None, language)
    await hall.add_person("wang", names["wang"], "operator", "li", language)
    await hall.add_person("zhao", names["zhao"], "operator", "li", language)
    await hall.edit("product", PRODUCT, {"name": "香雪花露水 500ml"}, "li")
    await hall.edit("product", OTHER_PRODUCT, {"name": "香雪洗手液 250ml"}, "li")
    for order, gtin, batch in (
        ("4711", PRODUCT, BATCH),
        ("4712", OTHER_PRODUCT, NEXT_BATCH),
    ):
        dates = {"made": "2026-11-01", "expiry": "2029-10-31"}
        new = {"gtin": gtin, "batch": batch, **dates, "target": "60", "ended": ""}
        await hall.edit("order", order, new, "li")
    shift = Shift(hall, language)
    for station in hall.scanners:
        shift.screens[station] = await hall.screen(station)
    return shift
