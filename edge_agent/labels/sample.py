"""What a label says while nobody has packed anything."""

import math
from collections.abc import Sequence

from edge_agent.config import LineConfig
from edge_agent.core.labels import FIELDS
from edge_agent.core.sscc import SsccRange
from edge_agent.level_config import Level

_NO_RANGE = SsccRange("0000000", 0, 0, 0)
_NO_DPMM = 8


def sample(config: LineConfig, template: str, given: Sequence[str]) -> tuple[dict[str, str], int]:
    """The fields of a label by `template` on this line, and its printer's dots a millimetre.

    `given` are texts ``NAME=TEXT`` that stand instead of the sample's. Raises ValueError for a name
    that no label has.
    """
    level = next(
        (each for each in config.levels if each.label and each.label.template == template), None
    )
    plan = level.label if level else None
    numbers = plan.sscc.range() if plan and plan.sscc else _NO_RANGE
    product = config.products[0] if config.products else None
    fields = {
        "product": (product.name if product else "") or "样品 Sample product",
        "gtin": product.gtin if product else "00000000000000",
        "batch": "LOT-001",
        "made": "2026-01-31",
        "expiry": "2028-01-30",
        "count": str(level.capacity or 1 if level else 1),
        "units": str(_units(config, level) if level else 1),
        "sscc": numbers.sscc(numbers.first),
        "order": "WO-001",
        "line": config.line.name,
        "level": level.name if level else "",
        # With a number of the line's own range: nobody may take it for a label.
        "mark": "样张 SAMPLE",
    }
    for each in given:
        name, separator, text = each.partition("=")
        if name not in FIELDS or not separator:
            raise ValueError(
                f"--field is {each!r}, expected NAME=TEXT with one of {', '.join(FIELDS)}"
            )
        fields[name] = text
    if not fields["mark"]:
        raise ValueError("--field mark is empty, expected a word: a sample must be known as one")
    return fields, config.printers[plan.printer].dpmm if plan else _NO_DPMM


def _units(config: LineConfig, level: Level) -> int:
    """Things of the lowest level in a full container."""
    below = config.levels[1 : config.levels.index(level) + 1]
    return math.prod(each.capacity or 1 for each in below)
