"""`edge-agent report`: a shift or an order as a PDF; and whether a printed one holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.commands.arguments import ConfigArgument, fail, load

if TYPE_CHECKING:
    from edge_agent.config import LineConfig
    from edge_agent.core.saying import SaidError
    from edge_agent.words import Words

LanguageOption = Annotated[str, typer.Option(help="zh_CN, zh_TW or en; if not given, the pages'.")]


def report(
    config: ConfigArgument,
    shift: Annotated[
        str, typer.Option(help="A shift's beginning: 2026-11-22/08:00; else the running one.")
    ] = "",
    order: Annotated[str, typer.Option(help="An order, by its name.")] = "",
    pdf: Annotated[Path | None, typer.Option(help="The file to write.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="The file to write: as the pages show it.")
    ] = None,
    language: LanguageOption = "",
    check: Annotated[
        str, typer.Option(metavar="EVENT:HASH", help="Does the ledger hold what a report names?")
    ] = "",
) -> None:
    """Write the report of a shift or an order as a PDF; or check a printed one.

    Ends with 2 where it cannot be made, with 1 where the ledger holds something else.
    """
    from edge_agent.core.saying import SaidError
    from edge_agent.reports.fragment import to_html
    from edge_agent.reports.make import holds, make_report
    from edge_agent.reports.paper import write_pdf

    loaded = load(config)
    if check and (shift or order or pdf or html):
        raise fail("--check goes alone: it reads no more than the named event", 2)
    if not check and (not (pdf or html) or (shift and order)):
        raise fail("give --pdf FILE, and at most one of --shift and --order", 2)
    try:
        if check:
            typer.echo(holds(loaded, check))
            return
        t = words_of(language, loaded)
        made = make_report(loaded, shift, order, t)
        if pdf is not None:
            write_pdf(made, pdf, loaded.hmi.font, t)
        if html is not None:
            html.write_text(to_html(made, t), "utf-8")
    except OSError as error:
        raise fail(f"{html} cannot be written: {error}", 2) from None
    except SaidError as error:
        raise fail(said(error, language), 1 if check else 2) from None
    typer.echo(", ".join(f"{path}: written" for path in (pdf, html) if path))


def words_of(language: str, config: "LineConfig") -> "Words":
    """The words of `language`, else the pages', for a line; ends the command if there are none."""
    from edge_agent.vocabulary import titled
    from edge_agent.words import LANGUAGES

    if language and language not in LANGUAGES:
        raise fail(f"--language is {language!r}, expected one of {', '.join(LANGUAGES)}", 2)
    return titled(language or config.hmi.language, config)


def said(error: "SaidError", language: str) -> str:
    """Why a command cannot do it: in the language that was asked for, else in English."""
    from edge_agent.words import words

    return words(language or "en").sayings(error.sayings)
