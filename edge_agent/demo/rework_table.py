"""The rework table of the demo: a person with a badge and a hand scanner, who looks at the screen.

He takes what comes from the labelled cases and knows nothing of the line but what his screen shows.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator

from drivers.sim.bench.hand_scanner import HandScanner
from drivers.sim.bench.worker import Mend, Repair, carry_out
from drivers.sim.codes import PRODUCT, UnitCode
from drivers.sim.truth import Truth
from edge_agent.core.effects import Tone
from edge_agent.demo.reconcile import Difference
from edge_agent.hmi.line_link import LineLink
from edge_agent.views import LastRead

LOOK_S = 1.5
"""How long he looks at the screen for an answer."""
REST_S = 0.5
"""Between two repairs."""
ROUNDS = 2
"""Of one repair of each kind."""


class ReworkTable:
    """`cases` gives what lies in each labelled case now; `line` is the station's screen."""

    def __init__(
        self,
        station: str,
        scanner: HandScanner,
        badge: str,
        line: LineLink,
        cases: Callable[[], dict[str, tuple[str, ...]]],
    ) -> None:
        self._station = station
        self._badge = badge
        self._line = line
        self._cases = cases
        self._scanner = scanner
        self._news = asyncio.Event()
        line.listen(self._news.set)
        self._over = False
        self.done: list[Repair] = []

    def end_soon(self) -> None:
        """He ends what he has begun; one repair he does anyway, if there is a case."""
        self._over = True

    async def work(self) -> None:
        """Sign in and do ROUNDS of every kind of repair, each on a case of its own."""
        while not await self._scan(f"EA:BADGE:{self._badge}"):
            pass
        fresh = (UnitCode(PRODUCT, f"FRESH{number:05d}") for number in itertools.count(1))
        for mend in tuple(Mend) * ROUNDS:
            repair = await self._find(mend, fresh)
            if repair is None:
                return
            if await self._carry_out(repair):
                self.done.append(repair)
            await asyncio.sleep(REST_S)

    async def _find(self, mend: Mend, fresh: Iterator[UnitCode]) -> Repair | None:
        """A product of a case that he has not had, once there is one. None: it is over."""
        while not (self._over and self.done):
            had = {repair.case for repair in self.done}
            for case, units in (await asyncio.to_thread(self._cases)).items():
                if case not in had and units:
                    new = next(fresh) if mend is Mend.REPLACE else None
                    unit = UnitCode(units[0][2:16], units[0][18:])
                    return Repair(
                        mend, case, unit.text, unit.key, *((new.text, new.key) if new else ())
                    )
            if self._over:
                return None
            await asyncio.sleep(REST_S)
        return None

    async def _carry_out(self, repair: Repair) -> bool:
        work = carry_out(repair)
        scan = next(work)
        while True:
            seen = await self._scan(scan)
            try:
                scan = work.send(seen)
            except StopIteration as end:
                return bool(end.value)

    async def _scan(self, text: str) -> bool | None:
        """Whether the screen then is not red; None where it shows nothing new, or nothing done."""
        before = self._last()
        try:
            self._scanner.scan(text)
        except OSError:
            await asyncio.sleep(REST_S)
            return None
        try:
            async with asyncio.timeout(LOOK_S):
                while (last := self._last()) is None or last == before:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return None
        return None if last.tone is Tone.NOTE else last.tone is not Tone.BAD

    def _last(self) -> LastRead | None:
        view = self._line.view
        stations = view.stations if view else ()
        return next((each.last for each in stations if each.name == self._station), None)


def repaired(truth: Truth, repairs: list[Repair]) -> list[Difference]:
    """Put into `truth` what was repaired by hand; what the plant says could not be."""
    wrong = []
    for repair in repairs:
        case = next((each for each in truth.cases if each.code == repair.case), None)
        if case is None or repair.unit_key not in case.contents:
            said = None if case is None else ", ".join(case.contents)
            told = {"plant": said, "ledger": f"{repair.mend} {repair.unit_key}"}
            wrong.append(Difference("repair", repair.case, told))
        else:
            repair.done_to(case)
    return wrong
