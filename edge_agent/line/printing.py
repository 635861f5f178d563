"""The line's label printers. A line without any loads neither fonts nor pictures."""

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.config import LineConfig
from edge_agent.core.effects import Print
from edge_agent.core.inputs import PrinterWord
from edge_agent.core.labels import FAULTS, Labels
from edge_agent.core.names import JobId, LevelName
from edge_agent.line.metrics import device_facts
from edge_agent.views import DeviceView

if TYPE_CHECKING:
    from edge_agent.line.print_link import PrintLink


class PrintingError(Exception):
    """A template or the font cannot be used. The message has the mend."""


class Printing:
    """Every printer of `config`. `folder` holds the line's own templates; `tell` takes what becomes
    of each job, and says False if it must be told again; `is_void`: see PrintLink.

    Raises PrintingError.
    """

    def __init__(
        self,
        config: LineConfig,
        folder: Path | None,
        tell: Callable[[PrinterWord], bool],
        is_void: Callable[[JobId], bool],
    ) -> None:
        self._links = _links(config, folder, tell, is_void) if config.printers else {}
        self._tell = tell
        self._config = config

    def offer(self, job: Print) -> None:
        """Print `job` when its turn comes."""
        self._links[job.printer].offer(job)

    def sample(self, printer: str) -> tuple[LevelName, dict[str, str]] | None:
        """A label that tests `printer`: the level whose it looks like, and its texts. None where no
        level has its label from there."""
        found = [
            (level.name, level.label.template)
            for level in self._config.levels
            if level.label and level.label.printer == printer
        ]
        if not found:
            return None
        from edge_agent.labels.sample import sample  # noqa: PLC0415 see the module

        level, template = found[0]
        return LevelName(level), sample(self._config, template, [])[0]

    def begin(self, labels: Labels) -> None:
        """Tell what nobody knows of the jobs that were under way when the line ended."""
        if self._links:
            from edge_agent.line.print_link import left_behind  # noqa: PLC0415 see the module

            for word in left_behind(labels):
                self._tell(word)

    def running(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What keeps each printer open."""
        for link in self._links.values():
            yield link.run()

    def facts(self) -> dict[str, Any]:
        """For the role's status, as JSON values."""
        return {name: device_facts(link.state) for name, link in self._links.items()}

    def views(self) -> Iterator[DeviceView]:
        """As the screens show them: one that cannot print is away, whatever its connection is."""
        for name, link in self._links.items():
            fault = link.fault
            state = "down" if fault else link.state.link.value
            yield DeviceView(name, "printer", state, FAULTS[fault] if fault else None, link.waiting)


def _links(
    config: LineConfig,
    folder: Path | None,
    tell: Callable[[PrinterWord], bool],
    is_void: Callable[[JobId], bool],
) -> "dict[str, PrintLink]":
    from drivers.printers.zpl import ZplPrinter  # noqa: PLC0415 see the module
    from edge_agent.labels.template import TemplateError, load_template  # noqa: PLC0415
    from edge_agent.labels.typesetting import FontError, Typeface  # noqa: PLC0415
    from edge_agent.line.print_link import PrintLink  # noqa: PLC0415

    labels = [level.label for level in config.levels if level.label is not None]
    try:
        templates = {label.template: load_template(label.template, folder) for label in labels}
        typeface = Typeface(config.hmi.font)
    except (TemplateError, FontError) as error:
        raise PrintingError(str(error)) from None
    return {
        name: PrintLink(
            name,
            ZplPrinter(name, each.url, poll_s=each.poll_s, answer_ms=each.answer_ms),
            dpmm=each.dpmm,
            templates=templates,
            typeface=typeface,
            tell=tell,
            is_void=is_void,
        )
        for name, each in config.printers.items()
    }
