"""`edge-agent label`: what a label will look like."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.arguments import ConfigArgument, fail, load


def label(
    config: ConfigArgument,
    template: Annotated[
        str,
        typer.Argument(help="labels/TEMPLATE.toml beside the configuration, or case, or pallet."),
    ],
    png: Annotated[
        Path | None, typer.Option(help="Write the picture here, dot for dot as it is printed.")
    ] = None,
    zpl: Annotated[bool, typer.Option("--zpl", help="Write ZPL II to stdout.")] = False,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=TEXT", help="Instead of the sample; repeatable."),
    ] = None,
) -> None:
    """Fill a label template with sample values; show it as a picture or as ZPL.

    Says on stderr what could not be shown as it is, and then ends with 1.
    """
    from edge_agent.config_file import find_config
    from edge_agent.labels.layout import LabelError, lay_out
    from edge_agent.labels.preview import png as as_png
    from edge_agent.labels.sample import sample
    from edge_agent.labels.template import TemplateError, load_template
    from edge_agent.labels.typesetting import FontError, Typeface
    from edge_agent.labels.zpl import zpl as as_zpl

    if (png is None) == (not zpl):
        raise fail("expected either --png FILE or --zpl", 2)
    loaded = load(config)
    try:
        said, dpmm = sample(loaded, template, fields or [])
        form = load_template(template, find_config(config).parent / "labels")
        drawing = lay_out(form, said, dpmm, Typeface(loaded.hmi.font))
    except (ValueError, TemplateError, LabelError, FontError) as error:
        raise fail(str(error), 2) from None
    if png is None:
        sys.stdout.buffer.write(as_zpl(drawing))
    else:
        png.write_bytes(as_png(drawing))
        typer.echo(f"{png}: {drawing.width} by {drawing.height} dots", err=True)
    for warning in drawing.warnings:
        typer.echo(warning, err=True)
    raise typer.Exit(1 if drawing.warnings else 0)
