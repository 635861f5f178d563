"""Logging: JSON lines under systemd, coloured text on a terminal.

The standard library's records (pymodbus, uvicorn, APScheduler) take the same way out.
"""

import logging
import sys

import structlog


def configure_logs(level: int = logging.INFO) -> None:
    """Set up logging for this process, ours from `level` on. All goes to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in ("edge_agent", "drivers", "sync"):
        logging.getLogger(name).setLevel(level)
    for name in ("pymodbus", "apscheduler", "urllib3", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def mask(code: str | None, *, secret: bool) -> str | None:
    """`code` as it may be logged: of a secret one, only its last four characters."""
    if code is None or not secret:
        return code
    return "…" + code[-4:] if len(code) > 8 else "…"
