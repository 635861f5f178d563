"""`edge-agent barcodes`: the codes with which a handheld says what to do."""

from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.arguments import ConfigArgument, fail, load
from edge_agent.commands.report import LanguageOption, said, words_of


def barcodes(
    config: ConfigArgument,
    pdf: Annotated[Path, typer.Option(help="The file to write.")],
    language: LanguageOption = "",
    symbology: Annotated[
        str, typer.Option(help="qr; or code128, for scanners that read bars alone.")
    ] = "qr",
) -> None:
    """Print the command barcodes of a line's stations, with its orders, as a PDF. Ends with 1 where
    some cannot be in that symbology: the others are printed."""
    from edge_agent.barcodes import FORMS, barcode_sheets, groups
    from edge_agent.core.saying import SaidError
    from edge_agent.reports.reading import directory_of, reading

    if symbology not in FORMS:
        raise fail(f"--symbology is {symbology!r}, expected one of {', '.join(FORMS)}", 2)
    loaded = load(config)
    t = words_of(language, loaded)
    try:
        with reading(loaded) as ledger:
            found = groups(loaded, directory_of(loaded, ledger), t)
        if not found:
            raise fail(
                f"{loaded.line.name}: people scan at none of its stations, expected one without a "
                "gate, or with a handheld"
            )
        left = barcode_sheets(found, loaded, pdf, t, FORMS[symbology])
    except SaidError as error:
        raise fail(said(error, language)) from None
    typer.echo(f"{pdf}: {sum(len(group.cards) for group in found) - len(left)} barcodes")
    if left:
        raise fail(
            f"not on it, for they are too long for a page or have other letters than ASCII: "
            f"{', '.join(left)}; print them with --symbology qr, or choose orders by touch"
        )
