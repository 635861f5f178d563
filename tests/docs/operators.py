"""The tables of the operators' guide, from the words that the screens say.

``python -m tests.docs.operators`` writes them into docs/operators.*.md; a test holds them to it.
"""

import re
from pathlib import Path

from edge_agent.core.commands import DECOMMISSION_REASONS, Command
from edge_agent.core.dialog import PROCEDURES
from edge_agent.core.effects import Tone
from edge_agent.vocabulary import COMMANDS, DECOMMISSION, REASONS
from edge_agent.words import Words, words

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"zh_CN": DOCS / "operators.zh.md", "en": DOCS / "operators.en.md"}
_TONES = {
    "en": {
        Tone.GOOD: ("green, a tick", "one high beep", "It counts. Go on."),
        Tone.FULL: ("green, a box", "three rising beeps", "It counts, and the container is full."),
        Tone.ASK: (
            "yellow, a question mark",
            "two beeps",
            "Something more is awaited: read the yellow line.",
        ),
        Tone.NOTE: (
            "yellow, an exclamation mark",
            "one short click",
            "To know: nothing was done, and nothing is wrong.",
        ),
        Tone.BAD: ("red, a cross", "three low buzzes", "It does not count. Stop and read."),
    },
    "zh_CN": {
        Tone.GOOD: ("绿色，对勾", "一声高音", "算数，继续。"),
        Tone.FULL: ("绿色，箱子", "三声越来越高", "算数，并且箱满了。"),
        Tone.ASK: ("黄色，问号", "两声", "还等一步：看黄色那一行。"),
        Tone.NOTE: ("黄色，感叹号", "轻轻一响", "提示：什么也没做，也没有错。"),
        Tone.BAD: ("红色，叉", "三声低沉的嗡", "不算数。停下，看原因。"),
    },
}
_HEADS = {
    "en": {
        "tones": ("colour", "sound", "meaning"),
        "reasons": ("the screen says", "what to do"),
        "commands": ("command", "barcode", "then"),
    },
    "zh_CN": {
        "tones": ("颜色", "声音", "意思"),
        "reasons": ("屏幕上写着", "怎么办"),
        "commands": ("指令", "条码", "然后"),
    },
}


def tables(language: str) -> dict[str, str]:
    """Marker in the page → table in Markdown."""
    t, heads = words(language), _HEADS[language]
    rows = {
        "tones": list(_TONES[language].values()),
        "reasons": [(f"**{t(each.word)}**", t(each.remedy)) for each in REASONS.values()],
        "commands": [_command(command, t) for command in COMMANDS],
    }
    return {name: _table(heads[name], rows[name]) for name in rows}


def _command(command: Command, t: Words) -> tuple[str, str, str]:
    """Label, barcode, and what is scanned after it."""
    button, procedure = COMMANDS[command], PROCEDURES.get(command)
    scans = "; ".join(t.saying(each) for each in procedure.scans) if procedure else ""
    barcode = f"`EA:{command}`"
    if command is Command.DECOMMISSION:
        barcode = " ".join(
            f"`EA:{command}:{each}` {t(DECOMMISSION[each])}<br>" for each in DECOMMISSION_REASONS
        )
        barcode = barcode.removesuffix("<br>")
    elif command is Command.ORDER:
        barcode = f"`EA:{command}:4711`"
    return f"**{t(button.label)}**", barcode, scans or t(button.hint)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def written(page: str, language: str) -> str:
    """`page` with its tables as they must be. Raises ValueError where a marker is missing."""
    for name, table in tables(language).items():
        pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page, found = pattern.subn(lambda m, table=table: f"{m[1]}{table}\n{m[2]}", page)
        if found != 1:
            raise ValueError(f"the page has {found} tables called {name}, expected one")
    return page


if __name__ == "__main__":
    for its_language, path in PAGES.items():
        path.write_text(written(path.read_text(encoding="utf-8"), its_language), encoding="utf-8")
