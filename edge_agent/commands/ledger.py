"""`edge-agent ledger`: make a line's ledger, and check it."""

from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.arguments import (
    ConfigArgument,
    fail,
    load,
)

app = typer.Typer(no_args_is_help=True, help="The line's ledger.")


@app.command("init")
def ledger_init(config: ConfigArgument) -> None:
    """Make a new line's empty ledger. An existing one is never touched."""
    from edge_agent.ledger.errors import LedgerError
    from edge_agent.ledger.journal import create_ledger

    path = load(config).ledger_path
    try:
        create_ledger(path)
    except LedgerError as error:
        raise fail(str(error)) from None
    typer.echo(f"{path}: created")


@app.command("verify")
def ledger_verify(
    config: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|FILE.db",
            envvar="EDGE_AGENT_CONFIG",
            help="As for the other commands, or a ledger (a backup, say): any file ending in .db.",
        ),
    ],
) -> None:
    """Recompute the hash chain and the tree; name the first wrong row."""
    from edge_agent.ledger.errors import LedgerError
    from edge_agent.ledger.verify import verify

    if config.endswith(".db"):
        path = Path(config)
        if not path.exists():
            raise fail(f"{path}: there is no such file")
    else:
        path = load(config).ledger_path
    try:
        verdict = verify(path)
    except LedgerError as error:
        raise fail(str(error)) from None
    if verdict.fault is not None:
        raise fail(f"{path}: {verdict.fault}; the {verdict.events} events before it are good")
    typer.echo(
        f"{path}: good: {verdict.events} events chained, {verdict.nodes} codes and "
        f"{verdict.containers} containers as the journal says"
    )
