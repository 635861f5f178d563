"""`edge-agent camera`: run one, aim it, tune it, trigger it."""

import logging
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from edge_agent.commands.arguments import ConfigArgument, VerboseOption, fail, load

_RUN = "run"


class _RunsByDefault(TyperGroup):
    """``camera CONFIG NAME`` runs it: what is no other subcommand is the configuration."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first = next((arg for arg in args if not arg.startswith("-")), None)
        if first is not None and first not in self.commands:
            args = [_RUN, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunsByDefault,
    no_args_is_help=True,
    help="A camera that is read as a scanner: CONFIG NAME runs it (docs/camera.md).",
)

NameArgument = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="The camera; or write CONFIG:NAME, as systemd does."),
]


def camera_of(config: str, name: str | None) -> tuple[Any, str]:
    """The line's configuration and the camera's name; ends the command if there is none."""
    if name is None:
        config, _, name = config.rpartition(":")
        if not config:
            raise fail(f"no camera is named, expected CONFIG NAME or CONFIG:NAME, is {name!r}", 2)
    loaded = load(config)
    if name not in loaded.cameras:
        raise fail(f"camera is {name!r}, expected one of {sorted(loaded.cameras)}", 2)
    return loaded, name


@app.command(_RUN)
def camera_run(
    config: ConfigArgument, name: NameArgument = None, verbose: VerboseOption = False
) -> None:
    """Run it (the word run may be left out): frames in, codes and no-reads out."""
    from edge_agent.camera.role import run_camera
    from edge_agent.control import ControlError
    from edge_agent.logs import configure_logs

    configure_logs(logging.DEBUG if verbose else logging.INFO)
    loaded, name = camera_of(config, name)
    try:
        run_camera(loaded, name)
    except ControlError as error:
        raise fail(str(error)) from None


@app.command("trigger")
def camera_trigger(config: ConfigArgument, name: NameArgument = None) -> None:
    """Have the line trigger it once, as for a thing that has come."""
    from edge_agent.control import ControlError, ask

    loaded, name = camera_of(config, name)
    stations = [station.name for station in loaded.stations if station.scanner == name]
    if not stations:
        raise fail(f"no station is read by the camera {name}, expected scanner = {name!r}", 2)
    try:
        ask(loaded.control_path("line"), "trigger", station=stations[0])
    except ControlError as error:
        raise fail(f"not triggered: {error}") from None
    typer.echo(f"{name}: triggered for {stations[0]}")


@app.command("tune")
def camera_tune(
    config: ConfigArgument,
    name: NameArgument = None,
    folder: Annotated[
        Path | None, typer.Option(help="Look at the pictures in here, not at the camera.")
    ] = None,
    frames: Annotated[
        int, typer.Option(min=1, max=1_000, help="So many pictures are looked at.")
    ] = 30,
    write: Annotated[
        Path | None, typer.Option(help="Write the section for the configuration to this new file.")
    ] = None,
) -> None:
    """Look at pictures: what to mend in them, and what to configure (docs/camera.md).

    Ends with 0 if nothing is to be mended, 1 if something, 2 if it cannot be told.
    """
    from edge_agent.camera.tune.frames import TuneError
    from edge_agent.camera.tune.run import tune
    from edge_agent.logs import configure_logs

    configure_logs(logging.WARNING)
    loaded, name = camera_of(config, name)
    try:
        well = tune(loaded, name, folder=folder, count=frames, write=write)
    except TuneError as error:
        raise fail(str(error), 2) from None
    raise typer.Exit(0 if well else 1)


@app.command("view")
def camera_view(
    config: ConfigArgument,
    name: NameArgument = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="TCP port on 127.0.0.1; 0: any that is free.")
    ] = 8_090,
) -> None:
    """Show the camera's picture with what is read in it, live on a page, for aiming."""
    from edge_agent.camera.view.run import view
    from edge_agent.camera.view.server import ViewError
    from edge_agent.logs import configure_logs

    configure_logs(logging.WARNING)
    loaded, name = camera_of(config, name)
    try:
        view(loaded, name, port, typer.echo)
    except ViewError as error:
        raise fail(str(error)) from None
