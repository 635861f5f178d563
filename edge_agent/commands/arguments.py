"""What several commands take, and how they fail."""

from typing import Annotated, Any

import typer

ConfigArgument = Annotated[
    str,
    typer.Argument(
        metavar="CONFIG",
        envvar="EDGE_AGENT_CONFIG",
        help="A line's TOML file, or the name of one in /etc/edge-agent.",
    ),
]
ConfigOption = Annotated[
    str,
    typer.Option(
        "--config",
        "-c",
        metavar="CONFIG",
        envvar="EDGE_AGENT_CONFIG",
        help="A line's TOML file, or the name of one in /etc/edge-agent.",
    ),
]
StationOption = Annotated[
    str | None, typer.Option(help="One gated station; needed by some where there are several.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log every event.")]


def load(config: str) -> Any:
    """The line meant by `config`; ends the command with what is wrong with it."""
    from edge_agent.config_file import ConfigError, load_line

    try:
        return load_line(config)
    except ConfigError as error:
        raise fail(str(error)) from None


def fail(message: str, code: int = 1) -> typer.Exit:
    """Raise what this returns: the command ends with `message` on stderr."""
    typer.echo(message, err=True)
    return typer.Exit(code)
