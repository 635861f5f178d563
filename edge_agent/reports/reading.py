"""How a report reads the ledger, which the line goes on writing."""

from collections.abc import Iterator
from contextlib import contextmanager

from edge_agent.config import LineConfig
from edge_agent.core.body import EventError, from_body
from edge_agent.core.saying import SaidError, say
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import LedgerReader
from edge_agent.reports.directory import Directory


class ReportError(SaidError):
    """The report cannot be made as asked; it is said what was found and expected."""


@contextmanager
def reading(config: LineConfig) -> Iterator[LedgerReader]:
    """The line's ledger. What is wrong with it is raised as a ReportError."""
    try:
        with LedgerReader(config.ledger_path) as ledger:
            yield ledger
    except LedgerError as error:
        raise ReportError(say("the ledger cannot be read: {fault}", fault=str(error))) from None
    except EventError as error:
        raise ReportError(
            say(
                "{path}: an event cannot be read; `edge-agent ledger verify` says which",
                path=str(config.ledger_path),
            )
        ) from error


def directory_of(config: LineConfig, ledger: LedgerReader) -> Directory:
    """Products, orders and people as they were entered last."""
    configured = {product.gtin: product.name for product in config.products}
    rows = ledger.entered()
    return Directory.of(((row.seq, from_body(row.body)) for row in rows), configured)
