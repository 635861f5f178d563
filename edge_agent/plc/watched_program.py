"""A PLC that runs the gate's program, as rows for a person to read."""

from collections.abc import Sequence

from rich.markup import escape

from drivers.gate.map import status_words
from drivers.gate.registers import (
    COMMAND_WORDS,
    OUTCOME_WORDS,
    WORD,
    Cause,
    Command,
    Fate,
    Flag,
    Status,
)
from drivers.protocols import Plc, PlcError, Table
from edge_agent.gate_config import Gate
from edge_agent.line.gate_session import refused_identity
from edge_agent.plc.looking import Beat, Reads, Row, Speed, lamps

LATEST = 8
"""Outcomes that are shown, if they are among the last so many items:"""
_LOOKED_AT = 32
_OUTPUTS = (Flag.GATE_OPEN, Flag.RUN)
_COUNTERS = (
    *(Status.PASSES, Status.REJECTS, Status.CONFIRMED),
    *(Status.TAKEN_OFF, Status.APPEARED, Status.UNASKED),
)
_STRANGE = (Status.TAKEN_OFF, Status.APPEARED, Status.UNASKED)
_DWORD = 1 << 32


class WatchedProgram:
    """Polls status, the agent's commands, and the latest outcomes."""

    def __init__(self, plc: Plc, station: str, gate: Gate) -> None:
        self.station = station
        self._reads = Reads(plc)
        self.trips = self._reads.trips
        self._map = gate.map
        self._plan = gate.map.status_plan()
        self._status: Sequence[int] = ()
        self._commands: Sequence[int] = ()
        self._latest: list[str] = []
        self._speed = Speed(_DWORD)
        patience_ms = 2 * gate.link_timeout_ms
        self._program, self._agent = Beat(patience_ms), Beat(patience_ms)

    async def poll(self) -> None:
        """Look once. A controller out of reach is no error, but is shown."""
        try:
            self._status = status_words(await self._reads.values(self._plan))
            self._commands = await self._reads.read(
                Table.HOLDING, self._map.commands, COMMAND_WORDS
            )
            self._latest = await self._outcomes()
        except PlcError as error:
            self._status, self._reads.fault = (), str(error)
            return
        self._reads.fault = None
        self._speed.see(self._status[Status.POSITION] * WORD + self._status[Status.POSITION + 1])
        self._program.see(self._status[Status.HEARTBEAT])
        self._agent.see(self._commands[Command.HEARTBEAT])

    async def _outcomes(self) -> list[str]:
        """The latest outcomes, newest first; the ring may wrap among them."""
        slots, last = self._map.slots, self._status[Status.ITEMS]
        texts = []
        numbers = [(last - back) % WORD for back in range(_LOOKED_AT)]
        first = numbers[-1] % slots
        spans = [(first, min(_LOOKED_AT, slots - first))]
        if spans[0][1] < _LOOKED_AT:
            spans.append((0, _LOOKED_AT - spans[0][1]))
        words: list[int] = []
        for slot, count in spans:
            address = self._map.outcomes + OUTCOME_WORDS * slot
            words += await self._reads.read(self._map.table, address, OUTCOME_WORDS * count)
        for number, item, word in zip(
            reversed(numbers), words[::OUTCOME_WORDS], words[1::OUTCOME_WORDS], strict=True
        ):
            if item == number and word % 256 != Fate.UNDER_WAY:
                texts.append(f"{item} {_told(word)}")
        return texts[: -LATEST - 1 : -1]

    def rows(self) -> list[Row]:
        if not self._status:
            return [self._reads.row()]
        return [
            self._reads.row(),
            ("program", self._program_text()),
            ("session", self._session_text()),
            ("inputs", lamps(self._flags(set(Flag) - set(_OUTPUTS)))),
            ("outputs", lamps(self._flags(set(_OUTPUTS)))),
            ("belt", self._speed.text()),
            ("items", self._items_text()),
            ("counted", "  ".join(map(self._counter_text, _COUNTERS))),
            ("latest", ", ".join(self._latest) or "none yet"),
        ]

    def _program_text(self) -> str:
        if refusal := refused_identity(self._status, self._map.slots):
            return f"[bold red]{escape(str(refusal))}[/]"
        beats = self._program.text("[green]runs[/]", "[bold red]stands still[/]")
        return f"the gate's, start {self._status[Status.START]}, {beats}"

    def _session_text(self) -> str:
        session, asked = self._status[Status.SESSION], self._commands[Command.SESSION]
        agent = self._agent.text("[green]beats[/]", "[red]is silent[/]")
        if session:
            return f"[green]{session} in force[/], the agent {agent}"
        return f"[bold red]none: everything is rejected[/], the agent {agent} (asks for {asked})"

    def _flags(self, wanted: set[Flag]) -> dict[str, bool]:
        flags = self._status[Status.FLAGS]
        return {str(each.name).lower(): bool(flags & each) for each in Flag if each in wanted}

    def _items_text(self) -> str:
        items, settled = self._status[Status.ITEMS], self._status[Status.SETTLED]
        return (
            f"{items}, settled {settled}, under way {(items - settled) % WORD}, "
            f"void until {self._status[Status.VOID_UNTIL]}"
        )

    def _counter_text(self, word: Status) -> str:
        text = f"{word.name.lower()} {self._status[word]}"
        return f"[yellow]{text}[/]" if word in _STRANGE and self._status[word] else text


def _told(word: int) -> str:
    """An outcome in words; what a later program adds, as its number."""
    fate, cause = word % 256, word // 256
    text = Fate(fate).name.lower() if fate in set(Fate) else f"fate {fate}"
    if cause:
        text += f" ({Cause(cause).name.lower() if cause in set(Cause) else f'cause {cause}'})"
    return text.replace("_", " ")
