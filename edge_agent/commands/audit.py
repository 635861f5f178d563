"""`edge-agent audit`: who did what, when and why; and whether the ledger holds."""

from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.arguments import ConfigArgument, fail, load
from edge_agent.commands.report import LanguageOption, said, words_of


def audit(
    config: ConfigArgument,
    csv: Annotated[Path | None, typer.Option(help="The table to write.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="The paper to write.")] = None,
    since: Annotated[str, typer.Option("--from", help="First moment, ISO 8601.")] = "",
    until: Annotated[str, typer.Option("--until", help="Moment after the last, ISO 8601.")] = "",
    person: Annotated[str, typer.Option(help="Only what this one did, by staff number.")] = "",
    kind: Annotated[
        list[str] | None, typer.Option(help="Only events of this kind, e.g. edited; repeatable.")
    ] = None,
    language: LanguageOption = "",
) -> None:
    """Export the audit trail, with the hash chain recomputed.

    Ends with 0 if the chain is whole, 1 if it is broken (the export says where), 2 if the export
    cannot be made.
    """
    from edge_agent.audit.export import proof_text, wanted, write_csv, write_pdf
    from edge_agent.core.saying import SaidError
    from edge_agent.words import words

    if (csv is None) == (pdf is None):
        raise fail("give --csv FILE or --pdf FILE", 2)
    loaded = load(config)
    t = words_of(language, loaded)
    try:
        choice = wanted(person, tuple(kind or ()), since, until)
        if csv is not None:
            exported = write_csv(loaded, choice, csv, t)
        elif pdf is not None:
            exported = write_pdf(loaded, choice, pdf, t)
    except SaidError as error:
        raise fail(said(error, language), 2) from None
    typer.echo(f"{exported.acts} entries. {proof_text(exported.chain, words('en'))}")
    raise typer.Exit(0 if exported.chain.fault is None else 1)
