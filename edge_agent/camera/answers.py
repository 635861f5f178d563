"""A trigger's answer as the line is told it, within what one answer may hold."""

from drivers.scanners.camera_wire import (
    LINE_LIMIT_BYTES,
    MAX_CODES,
    MAX_TEXT,
    Answer,
    FromCamera,
    SeenCode,
)
from edge_agent.camera.gathering import ReadCode
from edge_agent.camera.triggers import Trigger

_WHY_CHARACTERS = 500


def answer_of(trigger: Trigger) -> FromCamera:
    """Codes, or a no-read and why. What is too much for one answer is a no-read that says so."""
    outcome = trigger.outcome
    picture = outcome.picture.sha256 if outcome and outcome.picture else None

    def of(codes: list[ReadCode], why: str) -> FromCamera:
        told = Answer(
            trigger=trigger.number,
            codes=[SeenCode(**code._asdict()) for code in codes],
            why=why if len(why) <= _WHY_CHARACTERS else why[: _WHY_CHARACTERS - 1] + "…",
            picture=picture,
            taken_us=outcome.taken_us if outcome else None,
        )
        return FromCamera(answer=told)

    if not trigger.gathering.is_complete:
        return of([], trigger.why)
    codes = trigger.gathering.codes()
    if len(codes) > MAX_CODES:
        return of([], f"{len(codes)} codes were read, expected at most {MAX_CODES} in one answer")
    longest = max(len(code.text) for code in codes)
    if longest > MAX_TEXT:
        return of([], f"a code of {longest} characters was read, expected at most {MAX_TEXT}")
    answer = of(codes, "")
    size = len(answer.model_dump_json())
    if size >= LINE_LIMIT_BYTES:
        return of([], f"the codes take {size} bytes, expected less than {LINE_LIMIT_BYTES}")
    return answer
