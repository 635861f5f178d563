"""Words told by name, as docs/gate.md has them."""

from drivers.gate.registers import STATUS_WORDS, Cause, Fate, Flag, Status, identity
from edge_agent.core.names import Instant
from edge_agent.recorder.form import Words
from edge_agent.recorder.wording import Wording
from tests.recorder.rig import INFEED

AT = Instant(0, 0)


def status(**words: int) -> Words:
    block = [0] * STATUS_WORDS
    block[Status.IDENTITY] = identity(256)
    for name, word in words.items():
        block[Status[name.upper()]] = word
    return Words(AT, INFEED, "status", tuple(block))


def test_of_a_status_that_is_told_which_is_not_as_before() -> None:
    wording = Wording()
    assert wording.tell(status(items=7)).startswith("PLC shows identity 17688, start 0, session 0")
    now = status(items=8, flags=Flag.RUN | Flag.BIN_FULL, heartbeat=9)
    assert wording.tell(now) == "PLC shows items 8, flags bin_full+run"
    assert wording.tell(now) == "PLC shows nothing new"


def test_verdicts_outcomes_commands_and_silence_are_told_in_words() -> None:
    tell = Wording().tell
    pair = (7, Fate.PASSED, 8, Fate.EJECTED + 256 * Cause.CLOSE, 9, 200)
    assert tell(Words(AT, INFEED, "outcomes", pair, 7)) == (
        "PLC shows outcomes: item 7 passed, item 8 ejected (close), item 9 200"
    )
    triples = (7, 1, 4_711, 8, 2, 4_711)
    told = tell(Words(AT, INFEED, "verdicts", triples, 7))
    assert told == "told the PLC: item 7 pass, item 8 reject"
    told = tell(Words(AT, INFEED, "commands", (99, 3, 1)))
    assert told == "told the PLC: session 99, the belt may run"
    told = tell(Words(AT, INFEED, "status", error="timed out"))
    assert told == "PLC: no answer to status: timed out"
