"""`edge-agent hq-token`: who may send to HQ."""

from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.arguments import (
    fail,
)

app = typer.Typer(no_args_is_help=True, help="The tokens with which lines sign in at HQ.")


@app.command("add")
def token_add(
    agent: Annotated[str, typer.Argument(help="The line's name: name in its [line].")],
    data: Annotated[Path, typer.Option(help="HQ's directory.")],
) -> None:
    """Give a line a token. It is shown once."""
    from edge_agent import clock
    from sync.hq.tokens import TokenError, add_token

    try:
        typer.echo(add_token(data, agent, clock.now().isoformat()))
    except TokenError as error:
        raise fail(str(error)) from None


@app.command("list")
def token_list(data: Annotated[Path, typer.Option(help="HQ's directory.")]) -> None:
    """Show who has a token, never the token."""
    from sync.hq.tokens import TokenError, list_tokens

    try:
        tokens = list_tokens(data)
    except TokenError as error:
        raise fail(str(error)) from None
    for token in tokens:
        typer.echo(f"{token.id}  {token.agent}  {token.added_at}")
    if not tokens:
        typer.echo(f"{data}: no line has a token", err=True)


@app.command("revoke")
def token_revoke(
    token_id: Annotated[str, typer.Argument(help="As `hq-token list` shows it.")],
    data: Annotated[Path, typer.Option(help="HQ's directory.")],
) -> None:
    """Take a token back. HQ refuses it from now on."""
    from sync.hq.tokens import TokenError, revoke_token

    try:
        typer.echo(f"{revoke_token(data, token_id).agent}: revoked")
    except TokenError as error:
        raise fail(str(error)) from None
