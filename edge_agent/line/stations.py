"""The stations as people use them: what they scan and press, what they are shown.

Between the line role, which knows devices and gates, and the core, which decides.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from drivers.protocols import ScannerFrame
from edge_agent import clock
from edge_agent.config import LineConfig
from edge_agent.control import ControlError, Handler, Stream, ask
from edge_agent.core.body import from_body
from edge_agent.core.commands import BadgeScan, CommandScan, control, is_control
from edge_agent.core.effects import Show, Tone
from edge_agent.core.events import Event, Reason
from edge_agent.core.inputs import Badge, Press
from edge_agent.core.names import Instant, LevelName, StationName
from edge_agent.core.record import LinePlan
from edge_agent.core.saying import say
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import LedgerReader
from edge_agent.ledger.tallies import tallied
from edge_agent.line.commands import Commands
from edge_agent.line.counts import PAGE_KIND, Counts
from edge_agent.line.earlier import earlier
from edge_agent.line.engine import Engine
from edge_agent.line.sign_in import SignIn
from edge_agent.line.staff import Staff
from edge_agent.line.views import OPERATIONS, Views
from edge_agent.line.watching import Watching
from edge_agent.people.catch_up import catch_up
from edge_agent.people.store import People
from edge_agent.shifts import Shifts
from edge_agent.views import DeviceView, GateView, to_line

HQ_LOOK_S = 5.0
"""How often the sync role is asked what waits for HQ, while somebody watches."""

log = structlog.get_logger("edge_agent.line")


class Stations:
    """`devices` and `gates` say how the devices and the gates are now; `turn` has the engine decide
    at once; `sample` is what tests a printer. Raises PeopleError where people.db cannot be used."""

    def __init__(
        self,
        config: LineConfig,
        plan: LinePlan,
        engine: Engine,
        devices: Callable[[], Iterable[DeviceView]],
        gates: Mapping[StationName, Callable[[], GateView]],
        turn: Callable[[], None],
        sample: Callable[[str], tuple[LevelName, dict[str, str]] | None],
    ) -> None:
        self._config = config
        self._plan = plan
        self._people = People(config.people_path)
        with LedgerReader(config.ledger_path) as ledger:
            self._lost_secrets = catch_up(
                self._people, (from_body(row.body) for row in ledger.entered())
            )
        self._sign_in = SignIn(self._people, config.people)
        # A line without shifts counts by the day.
        shifts = Shifts(config.line.shifts or ["00:00"], config.line.time_zone)
        self._counts = Counts(plan, shifts, clock.now().utc_us)
        self._counted_from = engine.last_seq
        self._views = Views(config, plan, engine, self._counts, devices, gates)
        self._watching = Watching(lambda: to_line(self._views.line()))
        line = StationName(config.line.name)
        staff = Staff(self._people, config.people)
        self._commands = Commands(line, plan.stations, engine, staff, self._sign_in, turn, sample)

    @property
    def handlers(self) -> dict[str, Handler]:
        return self._commands.handlers()

    @property
    def streams(self) -> dict[str, Stream]:
        return {"watch": self._watching.watch}

    def asked(self, at: Instant, station: StationName, frame: ScannerFrame) -> Press | Badge | None:
        """What a person asks by scanning a control text; None if it says nothing, which is shown.
        What is on a badge stays here."""
        scan = control(frame.text or "") if frame.defect is None else None
        match scan:
            case BadgeScan(secret):
                return self._sign_in.badge(at, station, secret)
            case CommandScan(command, argument):
                return Press(at, station, command, argument)
            case None:
                saying = say(
                    "this barcode is damaged or not known: scan it again, or print it anew"
                )
                self.show(Show(station, Tone.BAD, saying, at.mono_us, Reason.MALFORMED))
                return None

    def show(self, said: Show) -> None:
        """`said` is true now, and its station's people are to see it."""
        self._commands.heard(said, self._views.show(said))
        self._watching.changed()

    def recorded(self, events: Sequence[Event]) -> None:
        """`events` are in the ledger."""
        for event in events:
            self._counts.take(event)
        self._watching.changed()

    async def run(self) -> None:
        """Look at what others know, until cancelled: the ledger for what was done and counted
        before the start, the sync role for what waits for HQ."""
        await self._tell_earlier()
        await self._count_earlier()
        while self._config.sync is not None:
            if self._watching.facts()["watchers"]:
                self._views.hq_waiting = await asyncio.to_thread(self._hq_waiting)
            await asyncio.sleep(HQ_LOOK_S)

    async def _tell_earlier(self) -> None:
        path, until = self._config.ledger_path, self._counted_from
        try:
            found = await asyncio.to_thread(earlier, path, until, self._plan, OPERATIONS)
        except LedgerError as error:
            log.error("the screens list what is done from now on", why=str(error))
            return
        self._views.told_earlier(found)
        self._watching.changed()

    async def _count_earlier(self) -> None:
        pages, since = self._counts.pages, self._counts.since
        path, until = self._config.ledger_path, self._counted_from
        try:
            earlier = await asyncio.to_thread(tallied, path, since, until, PAGE_KIND)
        except LedgerError as error:
            log.error("the screens count from now on", why=str(error))
            return
        if self._counts.pages == pages:
            self._counts.add(earlier)

    def _hq_waiting(self) -> int | None:
        try:
            answer = ask(self._config.control_path("sync"), "status", timeout_s=2)
        except ControlError:
            return None
        behind = answer.get("behind")
        return behind if isinstance(behind, int) else None

    def close(self) -> None:
        self._people.close()

    def facts(self) -> dict[str, object]:
        """For the role's status, as JSON values."""
        return {
            **self._watching.facts(),
            "refused_sign_ins": self._sign_in.refused,
            "lost_badges_and_pins": self._lost_secrets,
        }


def guarded(frame: ScannerFrame) -> ScannerFrame:
    """`frame` of a scanner that reads by itself: a control text is no product's code there, and
    what is on a badge must not be recorded."""
    if not is_control(frame.text or ""):
        return frame
    return ScannerFrame(
        None,
        frame.received_us,
        frame.symbology,
        "a command or a badge, expected a product's code: commands are for the hand scanner",
        frame.picture,
        since_us=frame.since_us,
    )
