"""`edge-agent replay`: what a recording tells a person or a program."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from edge_agent.config import LineConfig
from edge_agent.core.names import Instant, format_utc
from edge_agent.logs import mask
from edge_agent.recorder import reader
from edge_agent.recorder.form import (
    Distrusted,
    Head,
    Recorded,
    Refused,
    Words,
    dumps,
    input_json,
)
from edge_agent.recorder.reader import RecordingError, Torn
from edge_agent.recorder.replay import Replay, Step, station_of
from edge_agent.recorder.wording import Wording

_CODES = frozenset({"text", "key", "children", "serial"})
_TALK = frozenset({"detail", "defect"})
"""Sentences, in which a code may stand."""
_HIDDEN = "…"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part is shown: from `since_us` on and before `until_us` (UTC, microseconds)."""

    since_us: int | None = None
    until_us: int | None = None

    @classmethod
    def of(cls, since: str, until: str) -> "Window":
        """From what a person typed. Raises RecordingError for a time that cannot be read."""
        return cls(_moment("--from", since), _moment("--to", until))

    def shows(self, at: Instant) -> bool:
        return (self.since_us is None or at.utc_us >= self.since_us) and (
            self.until_us is None or at.utc_us < self.until_us
        )


@dataclass(slots=True)
class Summary:
    """What was gone through, within the window."""

    inputs: int = 0
    differing: int = 0
    refused: int = 0
    gaps: int = 0
    lost: int = 0
    torn: int = 0


def replay(
    path: Path,
    config: LineConfig | None,
    window: Window,
    *,
    as_json: bool,
    show_codes: bool,
    out: Callable[[str], None],
) -> Summary:
    """Write the timeline of the recording at `path` to `out`, and the differences in it.

    Raises RecordingError.
    """
    paths = reader.files(path)
    if window.since_us is not None:
        paths = reader.since(paths, window.since_us)
    summary, wording = Summary(), Wording()
    at: Instant | None = None
    secret = False
    for step in Replay(config).steps(paths):
        at = _time(step) or at
        if isinstance(step.line, Head):
            secret = not show_codes and _has_secret_codes(step.line, config)
        if at is None or not window.shows(at) or not _counts(step, summary):
            continue
        if as_json:
            out(dumps(_masked(_as_json(step), secret=secret)))
        else:
            for row in _rows(step, at, wording, secret=secret):
                out(row)
    out(dumps({"summary": asdict(summary)}) if as_json else _sentence(summary))
    return summary


def _counts(step: Step, summary: Summary) -> bool:
    """Count `step`; whether it is worth a line."""
    match step.line:
        case Head(lost=lost):
            summary.lost += lost
            summary.gaps += lost > 0
        case Torn():
            summary.torn += 1
        case Refused():
            summary.refused += 1
        case Recorded(quiet=quiet):
            summary.inputs += 1
            summary.differing += step.differs
            return step.differs or not quiet
        case _:
            pass
    return True


def _time(step: Step) -> Instant | None:
    match step.line:
        case Recorded(given=given) | Refused(given=given):
            at: Instant = given.first.at if hasattr(given, "first") else given.at
            return at
        case Head(at=at) | Words(at=at) | Distrusted(at=at):
            return at
        case _:
            return None


def _has_secret_codes(head: Head, config: LineConfig | None) -> bool:
    """Secret if either says so: what is missing from an old recording is no leave to show."""
    given = config is not None and config.line.secret_codes
    return given or bool(head.config.get("line", {}).get("secret_codes", True))


def _sentence(summary: Summary) -> str:
    parts = [f"{summary.inputs} inputs, {summary.differing} decided otherwise now"]
    if summary.refused:
        parts.append(f"{summary.refused} refused by a halted line")
    if summary.gaps:
        parts.append(f"{summary.lost} entries lost in {summary.gaps} gaps")
    if summary.torn:
        parts.append(f"{summary.torn} files without their end")
    return "; ".join(parts)


# --- for a program -------------------------------------------------------------------------


def _as_json(step: Step) -> Json:
    match step.line:
        case Head() as head:
            shown = ("version", "why", "follows", "lost", "n", "seq")
            return {"head": {"at": _iso(head.at), **{k: getattr(head, k) for k in shown}}}
        case Recorded() as line:
            then = {"events": line.events, "effects": line.effects}
            now = {"events": step.now_events, "effects": step.now_effects}
            answer = {"n": line.n, "input": input_json(line.given), "differs": step.differs}
            return {**answer, "recorded": then, **({"now": now} if step.differs else {})}
        case Refused(given):
            return {"refused": input_json(given)}
        case Distrusted(at, station):
            return {"distrusted": {"at": _iso(at), "station": station}}
        case Words(at=at) as words:
            return {"words": {**asdict(words), "at": _iso(at)}}
        case Torn(path, size):
            return {"torn": {"file": str(path), "size": size}}


def _masked(value: Any, *, secret: bool, name: str = "") -> Any:
    """`value` without codes, if they are secret."""
    if not secret:
        return value
    if isinstance(value, Mapping):
        return {key: _masked(each, secret=True, name=key) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(each, secret=True, name=name) for each in value]
    if isinstance(value, str) and name in _CODES:
        return mask(value, secret=True)
    return _HIDDEN if isinstance(value, str) and value and name in _TALK else value


# --- for a person --------------------------------------------------------------------------


def _rows(step: Step, at: Instant, wording: Wording, *, secret: bool) -> Iterator[str]:
    """One row for what came, and one for each thing that was decided."""

    def hide(plain: Json) -> Json:
        shown: Json = _masked(plain, secret=secret)
        return shown

    match step.line:
        case Head() as head:
            lost = f"; {head.lost} entries lost before" if head.lost else ""
            came = f"recording {'goes on' if head.follows else 'begins'}: {head.why}{lost}"
        case Recorded(given=given):
            came = _came(hide(input_json(given)))
        case Refused(given):
            came = f"{_came(hide(input_json(given)))}: not decided"
        case Distrusted():
            came = "a read was lost to a full queue: its belt is unknown"
        case Words() as words:
            came = wording.tell(words)
        case Torn(path, size):
            came = f"{path.name} ends in the middle of a line ({size} bytes)"
    yield f"{_iso(at)}  {_station(step):<12}  {came}"
    if not isinstance(step.line, Recorded):
        return
    # Where they differ, every member may be the one.
    less = () if step.differs else ("text", "gtin", "serial", "lot", "expiry", "first")
    then = [_decision(hide(each), less) for each in (*step.line.events, *step.line.effects)]
    now = [_decision(hide(each), less) for each in (*step.now_events, *step.now_effects)]
    if not step.differs:
        yield from (f"{'':40}→ {each}" for each in now)
        return
    yield from (f"{'':29}DIFFERS    then → {each}" for each in then or ["nothing"])
    yield from (f"{'':40} now → {each}" for each in now or ["nothing"])


def _station(step: Step) -> str:
    match step.line:
        case Recorded(given=given) | Refused(given=given):
            return station_of(given) or "-"
        case Words(station=station) | Distrusted(station=station):
            return station
        case _:
            return "-"


def _came(plain: Json) -> str:
    match plain:
        case {"kind": "Read", "text": None}:
            return f"no read{_tail(plain['defect'])}"
        case {"kind": "Read"}:
            return f"read {plain['text']}{_tail(plain['defect'])}"
        case {"kind": "Counter"}:
            return f"trigger: item {plain['last_item']}"
        case {"kind": "GateReport"}:
            return f"gate: item {plain['item']} {plain['outcome']}{_tail(plain['why'])}"
        case {"kind": "Arming", "first": first}:
            return f"session begins after item {first['last_item']}{_tail(plain['detail'])}"
        case {"kind": "Tick"}:
            return "tick"
    return f"{plain['kind']} {_pairs(plain, 'kind')}"


def _decision(plain: Json, left_out: tuple[str, ...]) -> str:
    match plain:
        case {"effect": "Judge"}:
            word = "PASS" if plain["reason"] is None else f"REJECT ({plain['reason']})"
            return f"verdict for item {plain['item']}: {word}"
        case {"effect": "Answer"}:
            word = "accepted" if plain["reason"] is None else f"refused ({plain['reason']})"
            return f"answer: {word}{_tail(plain['detail'])}"
        case {"effect": "Run"}:
            return "the belt may run" if plain["permitted"] else "the belt must stop"
    return (
        f"{plain.get('kind') or plain.get('effect')}: {_pairs(plain, 'kind', 'effect', *left_out)}"
    )


def _pairs(plain: Json, *left_out: str) -> str:
    hidden = {*left_out, "at", "station"}
    return ", ".join(
        f"{k} {_plain(v)}" for k, v in plain.items() if k not in hidden and v is not None
    )


def _plain(value: Any) -> str:
    match value:
        case list() | tuple():
            return " ".join(map(_plain, value)) or "none"
        case dict():
            return " ".join(f"{key} {_plain(each)}" for key, each in value.items())
        case _:
            return str(value)


def _tail(text: str | None) -> str:
    return f", {text}" if text else ""


def _iso(at: Instant) -> str:
    return format_utc(at.utc_us)


def _moment(option: str, text: str) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RecordingError(
            f"{option} is {text!r}, expected a time with its zone, e.g. 2026-11-21T08:15:00Z"
        )
    return int(moment.timestamp() * 1_000) * 1_000
