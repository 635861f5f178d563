"""`edge-agent barcodes`: the codes with which a handheld says what to do."""

from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.arguments import ConfigArgument, fail, load
from edge_agent.commands.report import LanguageOption, words_of


def barcodes(
    config: ConfigArgument,
    pdf: Annotated[Path, typer.Option(help="The file to write.")],
    language: LanguageOption = "",
) -> None:
    """Print the command barcodes of a line's stations, with its orders, as a PDF."""
    from edge_agent.barcodes import barcode_sheets, groups
    from edge_agent.reports.paper import PaperError
    from edge_agent.reports.reading import ReportError, directory_of, reading

    loaded = load(config)
    t = words_of(language or loaded.hmi.language)
    try:
        with reading(loaded) as ledger:
            found = groups(loaded, directory_of(loaded, ledger), t)
        if not found:
            raise fail(
                f"{loaded.line.name}: people scan at none of its stations, expected one without a "
                "gate, or with a handheld"
            )
        barcode_sheets(found, loaded, pdf, t)
    except (ReportError, PaperError) as error:
        raise fail(str(error)) from None
    typer.echo(f"{pdf}: {sum(len(group.cards) for group in found)} barcodes")
