"""The Modbus connection in virtual time, as drivers/plc does it: one request under way, the others
wait; whatever is not answered in time costs the connection; nothing is sent twice.

What a broken connection leaves on its way may still arrive, long after.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers.gate.registers import VERDICT_WORDS
from drivers.reconnect import Backoff
from edge_agent.simulate.plant import Plant
from edge_agent.simulate.shift import Shift
from edge_agent.simulate.timeline import Timeline
from edge_agent.simulate.virtual_time import VirtualTime

LATE_VERDICT = "late-verdict"
_ANY_REQUEST = ("lost-request", "lost-answer")

Answered = Callable[[list[int] | None], None]
"""Told the words that were read (none for a write), or None for a request that failed."""


@dataclass(slots=True, eq=False)
class Request:
    """`what` is status, outcomes, commands or verdicts."""

    what: str
    slot: int
    count: int
    words: list[int]
    answered: Answered
    done: bool = False

    @property
    def first(self) -> int:
        """The first word that it writes."""
        return VERDICT_WORDS * self.slot if self.what == "verdicts" else 0

    def __str__(self) -> str:
        if self.what == "verdicts":
            return (
                f"verdicts {[tuple(self.words[i : i + 3]) for i in range(0, len(self.words), 3)]}"
            )
        return f"{self.what} {self.words}" if self.words else self.what


@dataclass(slots=True)
class Weather:
    """What is wrong with the network now. Survives the agent."""

    down: str | None = None
    """``drop``: connections break and are refused; ``mute``: nothing gets through."""
    slow: int = 1
    """Requests take so many times as long."""
    next: str | None = None
    """What happens to the next request: lost-request, lost-answer, late-write, torn-write,
    LATE_VERDICT."""
    on_late: Callable[["Request", Callable[["Request"], None]], None] | None = None
    """Takes the next verdict that is kept back, and how it is delivered; None: some time."""
    log: list[tuple[int, str]] = field(default_factory=list)
    """When late writes were delivered, and which."""


class Wire:
    """One agent's way to the PLC, connection after connection.

    `local_us` is the agent's time, `call` has it do something when it is awake.
    """

    def __init__(
        self,
        shift: Shift,
        plant: Plant,
        weather: Weather,
        time: VirtualTime,
        chance: random.Random,
        timeline: Timeline,
        *,
        local_us: Callable[[], int],
        call: Callable[..., None],
    ) -> None:
        self._shift = shift
        self._plant = plant
        self._weather = weather
        self._time = time
        self._chance = chance
        self._timeline = timeline
        self._local_us = local_us
        self._call = call
        self._backoff = Backoff()
        self._waiting: deque[Request] = deque()
        self._under_way: Request | None = None
        self._up = False
        self._up_us = 0
        self._connection = 0
        self._connect()

    def request(
        self, what: str, answered: Answered, *, slot: int = 0, count: int = 0, words: Any = ()
    ) -> None:
        request = Request(what, slot, count, list(words), answered)
        if not self._up:
            self._time.at(self._local_us(), self._call, self._fail, request)
            return
        self._waiting.append(request)
        self._pump()

    def drop(self) -> None:
        """The connection breaks."""
        self._time.at(self._time.now_us, self._call, self._lose, self._connection)

    # --- a request's way -------------------------------------------------------------------

    def _way_us(self) -> int:
        least_us, most_us = self._shift.request_us
        return self._weather.slow * (least_us + int(self._chance.random() * (most_us - least_us)))

    def _pump(self) -> None:
        if self._under_way is not None or not self._waiting or not self._up:
            return
        request = self._under_way = self._waiting.popleft()
        sent_us = self._local_us()
        self._time.at(sent_us + self._way_us(), self._arrive, request, self._fate(request))
        timeout_us = sent_us + self._shift.timeout_us
        self._time.at(timeout_us, self._time_out, request, self._connection)

    def _fate(self, request: Request) -> str:
        """What the network does to this one."""
        weather = self._weather
        if weather.down is not None:
            return "lost-request"
        if weather.next is None:
            return ""
        if weather.next not in _ANY_REQUEST and not self._is_wanted(request):
            return ""
        fate, weather.next = weather.next, None
        fate = "late-write" if fate == LATE_VERDICT else fate
        self._timeline.tell(self._time.now_us, "network", f"{fate}: {request}")
        return fate

    def _is_wanted(self, request: Request) -> bool:
        """A write, and rather a verdict: commands come so often that one in four will do."""
        is_beat = request.what == "commands" and self._weather.next != LATE_VERDICT
        return request.what == "verdicts" or (is_beat and self._chance.random() < 0.25)

    def _arrive(self, request: Request, fate: str) -> None:
        if fate == "" and self._weather.down is not None:
            # The link broke under it: where a box on the way keeps what it has, it comes later.
            fate = "late-write" if self._chance.random() < 0.3 else "lost-request"
        if fate == "lost-request":
            return
        if fate == "late-write":
            if self._weather.on_late is not None and request.what == "verdicts":
                self._weather.on_late(request, self._arrive_late)
            else:
                late_us = self._chance.randrange(50_000, 4_000_000)
                self._time.after(late_us, self._arrive_late, request)
            return
        if not self._plant.controller.up:
            self._time.after(self._way_us(), self._call, self._lose, self._connection)
            return
        if fate == "torn-write" and len(request.words) > 1:
            self._tear(request)
            return
        self._answer(request, self._execute(request), fate)

    def _tear(self, request: Request) -> None:
        """The first words now, the others a scan later."""
        cut = self._chance.randrange(1, len(request.words))
        first = request.first
        self._plant.put(request.what, first, request.words[:cut])
        self._time.after(self._shift.layout.scan_us + 1, self._tear_rest, request, first + cut, cut)

    def _tear_rest(self, request: Request, first: int, cut: int) -> None:
        if self._plant.controller.up:
            self._plant.put(request.what, first, request.words[cut:])
            self._answer(request, [], "")

    def _execute(self, request: Request) -> list[int]:
        plant = self._plant
        if request.what == "status":
            return plant.status()
        if request.what == "outcomes":
            return plant.outcomes(request.slot, request.count)
        first = request.first
        plant.put(request.what, first, request.words)
        if request.what == "verdicts":
            self._timeline.tell(self._time.now_us, "plc", f"takes {request}")
        return []

    def _arrive_late(self, request: Request) -> None:
        if request.words and self._plant.controller.up:
            self._weather.log.append((self._time.now_us, str(request)))
            self._timeline.tell(self._time.now_us, "network", f"delivers late {request}")
            self._execute(request)

    def _answer(self, request: Request, words: list[int], fate: str) -> None:
        if fate == "lost-answer" or self._weather.down is not None:
            return
        self._time.after(self._way_us(), self._call, self._finish, request, words)

    def _finish(self, request: Request, words: list[int]) -> None:
        if request is not self._under_way:
            return
        self._under_way = None
        request.done = True
        request.answered(words)
        self._pump()

    def _fail(self, request: Request) -> None:
        if not request.done:
            request.done = True
            if request.what == "verdicts":
                self._timeline.tell(self._time.now_us, "agent", f"gives up {request}")
            request.answered(None)

    # --- connections -----------------------------------------------------------------------

    def _time_out(self, request: Request, connection: int) -> None:
        if request is self._under_way:
            self._call(self._lose, connection)

    def _lose(self, connection: int) -> None:
        if connection != self._connection or not self._up:
            return
        self._up = False
        pending = [self._under_way] if self._under_way else []
        pending += self._waiting
        self._under_way = None
        self._waiting.clear()
        self._timeline.tell(self._time.now_us, "agent", "loses the connection to the PLC")
        self._reconnect((self._time.now_us - self._up_us) / 1e6)
        for request in pending:
            self._fail(request)

    def _reconnect(self, up_s: float) -> None:
        wait_s = self._backoff.next_wait_s(up_s, self._chance.random())
        self._time.at(self._local_us() + int(wait_s * 1e6), self._call, self._connect)

    def _connect(self) -> None:
        self._connection += 1
        if self._weather.down == "mute":
            wait_us = self._shift.timeout_us
            self._time.at(self._local_us() + wait_us, self._call, self._reconnect, 0.0)
        elif self._weather.down is not None or not self._plant.controller.up:
            self._reconnect(0.0)
        else:
            # A connection counts once the PLC has answered on it.
            wait_us = 4 * self._way_us()
            self._time.at(self._local_us() + wait_us, self._call, self._connected)

    def _connected(self) -> None:
        self._up, self._up_us = True, self._time.now_us
