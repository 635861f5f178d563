"""Drawing labels in a process of its own: ``python -m edge_agent.labels.worker``.

Setting Chinese text keeps a processor busy for a tenth of a second; in the line's own process a
gate would wait for it. One JSON line in, one out: first `Setup`, which is not answered, then jobs
with ``template`` and ``fields``, answered with ``zpl`` or ``error``. Ends with its input.
"""

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_agent.labels.layout import LabelError, lay_out
from edge_agent.labels.template import Template
from edge_agent.labels.typesetting import Typeface
from edge_agent.labels.zpl import zpl
from edge_agent.section import Section

_NICENESS = 20
"""The line's unit has -10."""


class Setup(Section):
    """What all jobs have in common."""

    font: Path
    dpmm: int
    templates: Mapping[str, Template]


def main() -> None:
    with contextlib.suppress(PermissionError):  # refused by an older unit: then it is not so nice
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # the line's unit has rr
        os.nice(_NICENESS)
    setup = Setup.model_validate_json(sys.stdin.readline())
    typeface = Typeface(setup.font)
    for line in sys.stdin:
        answer = _draw(setup, typeface, json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _draw(setup: Setup, typeface: Typeface, job: dict[str, Any]) -> dict[str, str]:
    template = setup.templates[job["template"]]
    try:
        drawing = lay_out(template, job["fields"], setup.dpmm, typeface)
    except LabelError as error:
        return {"error": str(error)}
    return {"zpl": zpl(drawing).decode("ascii")}


if __name__ == "__main__":
    main()
