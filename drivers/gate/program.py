"""Writes the PLC's whole program as Structured Text: the types, the function block of
`gate_block.st`, a program that ties it to inputs, outputs and registers, and its task.

One map and one set of parameters make both this text and the agent's own view, so the two agree.
The text is plain IEC 61131-3, which docs/plc.md puts into a PLC.
"""

from collections.abc import Iterator
from dataclasses import asdict, fields
from importlib.resources import files
from typing import Literal

from drivers.gate.map import GateMap, MapPoint
from drivers.gate.parameters import Parameters
from drivers.gate.registers import (
    OUTCOME_WORDS,
    STATUS_WORDS,
    VERDICT_WORDS,
    Command,
    Flag,
    Status,
    Word,
    identity,
)
from drivers.protocols import Table

SENSORS = ("Eye", "GateEye", "EjectEye", "BinFull", "AirLow", "GuardOpen")
"""Inputs of the function block, wired to the first inputs of the PLC in this order."""

_FLAGS = frozenset(str(flag.name).lower() for flag in Flag)
_DWORD = 1 << 32

Step = Literal["time", "encoder"]

_DECLARED: dict[Step, str] = {
    "time": "",
    "encoder": """\
  Count : UDINT;
  CountWas : UDINT;
  Moved : UDINT;
  Behind : UDINT;
""",
}

_ADVANCE: dict[Step, str] = {
    "time": """\
IF BeltRuns THEN
  Position := Position + ScanMs;
END_IF;
""",
    "encoder": """\
(* The position never goes back: what the belt ran back, it must first run forward again. *)
Count := UINT_TO_UDINT(Encoder);
IF NOT Started THEN
  CountWas := Count;
END_IF;
Moved := Count + 65536 - CountWas;
Moved := Moved MOD 65536;
CountWas := Count;
IF Moved >= 32768 THEN
  Behind := Behind + 65536 - Moved;
ELSIF Moved <= Behind THEN
  Behind := Behind - Moved;
ELSE
  Position := Position + Moved - Behind;
  Behind := 0;
END_IF;
""",
}

_RETAINED = """\
VAR RETAIN
  Start : UINT;
END_VAR
"""
_COUNT_STARTS = """\
(* Another number than at the start before; 0 is none. *)
IF NOT Started THEN
  IF Start = 65535 THEN
    Start := 0;
  END_IF;
  Start := Start + 1;
END_IF;
"""
_CLOCKED = """\
VAR
  Seconds AT {clock} : LINT;
  Start : UINT;
END_VAR
"""
_START_BY_CLOCK = """\
(* Another number than at the start before; 0 is none. *)
IF NOT Started THEN
  Start := LINT_TO_UINT(Seconds MOD 65535) + 1;
END_IF;
"""


def program(
    gate_map: GateMap,
    parameters: Parameters,
    *,
    scan_ms: int,
    step: Step,
    words: str = "%QW",
    word_count: int = 1024,
    encoder: str = "%IW0",
    clock: str | None = None,
) -> str:
    """The program's text. Holding register *n* is the location `words` + *n*, below `word_count`
    (OpenPLC: ``%QW0`` to ``%QW1023``).

    `scan_ms` is the task's interval. With ``step = "encoder"`` the location `encoder` holds a
    counter's low 16 bits; with ``"time"`` the belt moves while the input after the sensors is on.
    `clock` is the location of a LINT that counts seconds, for a PLC that does not keep RETAIN
    variables (OpenPLC: ``%ML1024``).

    Raises ValueError, naming all that the map asks and this program cannot do.
    """
    if faults := list(_faults(gate_map, parameters, scan_ms, words, word_count)):
        raise ValueError("; ".join(faults))
    slots = gate_map.slots
    registers = _Registers(gate_map, words)
    block = files("drivers.gate").joinpath("gate_block.st").read_text(encoding="ascii")
    # The names in CONFIGURATION are those that OpenPLC's build expects.
    return f"""\
{types(slots)}
{block}
PROGRAM GateProgram
VAR CONSTANT
{_constants(parameters, scan_ms)}
END_VAR
{_RETAINED if clock is None else _CLOCKED.format(clock=clock)}\
VAR
{_wiring(step, encoder)}
END_VAR
VAR
{registers.declared()}
END_VAR
VAR
  Gate : GateBlock;
  Commands : GateCommands;
  Verdicts : GateVerdicts;
  Outcomes : GateOutcomes;
  Status : GateStatus;
  Started : BOOL;
  NowMs : UDINT;
  Position : UDINT;
{_DECLARED[step]}END_VAR

{_COUNT_STARTS if clock is None else _START_BY_CLOCK}
NowMs := NowMs + ScanMs;
{_ADVANCE[step]}Started := TRUE;

{_take_in(slots)}

Gate(
{_arguments()}
);
OpenGate := Gate.GateOpen;
RunBelt := Gate.Run;
Outcomes := Gate.Outcomes;
Status := Gate.Status;

(* Of the agent's words only the slot of the item that came is written, to clear it, and before the
   count: the agent never sees an item whose slot still holds an older verdict. *)
IF Gate.Triggered THEN
  CASE Gate.TriggeredSlot OF
{_cleared(slots)}
  END_CASE;
END_IF;
{_shown(slots, registers)}
END_PROGRAM

CONFIGURATION Config0
  RESOURCE Res0 ON PLC
    TASK GateTask(INTERVAL := T#{scan_ms}ms, PRIORITY := 0);
    PROGRAM GateInstance WITH GateTask : GateProgram;
  END_RESOURCE
END_CONFIGURATION
"""


def types(slots: int) -> str:
    """The types of `gate_block.st`, for rings of that length."""
    arrays = {
        "GateWords": (slots, "UINT"),
        "GateCounts": (slots, "UDINT"),
        "GateBits": (slots, "BOOL"),
        "GateCommands": (len(Command), "UINT"),
        "GateVerdicts": (VERDICT_WORDS * slots, "UINT"),
        "GateOutcomes": (OUTCOME_WORDS * slots, "UINT"),
        "GateStatus": (STATUS_WORDS, "UINT"),
    }
    return "".join(
        f"TYPE\n  {name} : ARRAY [0..{length - 1}] OF {of};\nEND_TYPE\n"
        for name, (length, of) in arrays.items()
    )


def _faults(
    gate_map: GateMap, parameters: Parameters, scan_ms: int, words: str, word_count: int
) -> Iterator[str]:
    if scan_ms < 1:
        yield f"scan_ms is {scan_ms}, expected at least 1"
    if parameters.slots != gate_map.slots:
        yield f"the belt's slots are {parameters.slots}, expected the map's {gate_map.slots}"
    if gate_map.table is not Table.HOLDING:
        yield f"table is {gate_map.table.value}, expected holding, which a program can write"
    for name, point in gate_map.points().items():
        last = point.address + point.count - 1
        if name in _FLAGS and point.table.is_bits:
            continue  # the PLC itself shows its inputs and outputs there
        if point.table is not Table.HOLDING and point.table is not gate_map.table:
            yield f"points.{name} is in table {point.table.value}, expected holding"
        elif name in _FLAGS and name in gate_map.moved:
            yield (
                f"points.{name} is bit {point.bit} of register {point.address}, expected it where "
                "it is by default, or in table discrete or coil"
            )
        elif last >= word_count:
            yield (
                f"{name} ends at register {last}, expected at most {word_count - 1}: this PLC has "
                f"{words}0 to {words}{word_count - 1}; take fewer slots or lower addresses"
            )


class _Registers:
    """Names and locations of the map's words."""

    def __init__(self, gate_map: GateMap, words: str) -> None:
        self.status: list[tuple[str, str]] = []
        """Name of a register, and the expression that it shows."""
        self._located: list[tuple[str, str]] = []
        points = gate_map.points()
        for word in Status:
            if word is not Status.FLAGS:
                self._show(word, points[word.name.lower()], words)
            elif any(not points[flag].table.is_bits for flag in _FLAGS):
                self._add("StatusFlags", f"{words}{gate_map.status + word}")
                self.status.append(("StatusFlags", f"Status[{word}]"))
        for command in Command:
            at = points[f"command_{command.name.lower()}"].address
            self._add(f"Command{_camel(command.name)}", f"{words}{at}")
        for slot in range(gate_map.slots):
            at = gate_map.outcomes + OUTCOME_WORDS * slot
            self._add(f"OutcomeItem{slot}", f"{words}{at}")
            self._add(f"OutcomeWord{slot}", f"{words}{at + 1}")
        for slot in range(gate_map.slots):
            at = gate_map.verdicts + VERDICT_WORDS * slot
            self._add(f"VerdictItem{slot}", f"{words}{at}")
            self._add(f"VerdictWord{slot}", f"{words}{at + 1}")
            self._add(f"VerdictSequence{slot}", f"{words}{at + 2}")

    def declared(self) -> str:
        return "\n".join(f"  {name} AT {at} : UINT;" for name, at in self._located)

    def _add(self, name: str, location: str) -> None:
        self._located.append((name, location))

    def _show(self, word: Status, point: MapPoint, words: str) -> None:
        name = f"Status{_camel(word.name)}"
        if point.count == 1:
            self._add(name, f"{words}{point.address}")
            self.status.append((name, f"Status[{word}]"))
            return
        high = point.address + (point.word_order == "low-first")
        low = 2 * point.address + 1 - high
        self._add(f"{name}High", f"{words}{high}")
        self._add(f"{name}Low", f"{words}{low}")
        is_position = word is Status.POSITION
        self.status.append((f"{name}High", f"Status[{word}]" if is_position else "0"))
        self.status.append((f"{name}Low", f"Status[{word + 1 if is_position else word}]"))


def _camel(name: str) -> str:
    return name.title().replace("_", "")


def _constants(parameters: Parameters, scan_ms: int) -> str:
    return "\n".join(
        [
            f"  ScanMs : UDINT := {scan_ms};",
            f"  Identity : UINT := {identity(parameters.slots)};",
            *(
                f"  {_camel(name)} : UDINT := {value % _DWORD};"
                for name, value in asdict(parameters).items()
            ),
        ]
    )


def _wiring(step: Step, encoder: str) -> str:
    located = [(sensor, f"%IX0.{bit}", "BOOL") for bit, sensor in enumerate(SENSORS)]
    located += [
        ("BeltRuns", f"%IX0.{len(SENSORS)}", "BOOL")
        if step == "time"
        else ("Encoder", encoder, "UINT"),
        ("OpenGate", "%QX0.0", "BOOL"),
        ("RunBelt", "%QX0.1", "BOOL"),
    ]
    return "\n".join(f"  {name} AT {location} : {of};" for name, location, of in located)


def _take_in(slots: int) -> str:
    lines = [f"Commands[{command}] := Command{_camel(command.name)};" for command in Command]
    lines.append("(* The sequence first, which the agent writes last: half a verdict is none. *)")
    for slot in range(slots):
        at = VERDICT_WORDS * slot
        lines += [
            f"Verdicts[{at + 2}] := VerdictSequence{slot};",
            f"Verdicts[{at + 1}] := VerdictWord{slot};",
            f"Verdicts[{at}] := VerdictItem{slot};",
        ]
    return "\n".join(lines)


def _arguments() -> str:
    given = ["NowMs", "Position", *SENSORS, "Commands", "Verdicts", "Identity", "Start"]
    given += [_camel(field.name) for field in fields(Parameters)]
    return ",\n".join(f"  {name} := {name}" for name in given)


def _cleared(slots: int) -> str:
    return "\n".join(
        f"""\
    {slot}:
      VerdictItem{slot} := Outcomes[{OUTCOME_WORDS * slot}];
      VerdictWord{slot} := {Word.NONE};
      VerdictSequence{slot} := 0;"""
        for slot in range(slots)
    )


def _shown(slots: int, registers: _Registers) -> str:
    lines = []
    for slot in range(slots):
        lines += [
            f"OutcomeItem{slot} := Outcomes[{OUTCOME_WORDS * slot}];",
            f"OutcomeWord{slot} := Outcomes[{OUTCOME_WORDS * slot + 1}];",
        ]
    lines += [f"{name} := {shown};" for name, shown in registers.status]
    return "\n".join(lines)
