"""`edge-agent words`: the catalogues of people's languages, for developers."""

from typing import Annotated

import typer

from edge_agent.commands.arguments import fail


def words(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; list faults.")] = False,
) -> None:
    """Bring the catalogues in line with the sentences in the code, in a source checkout."""
    from edge_agent.catalogues import all_faults, sentences, update
    from edge_agent.words import LANGUAGES, catalogue_path

    if check:
        if faults := all_faults():
            raise fail("\n".join(faults))
        typer.echo("every sentence is translated")
        return
    wanted = sentences()
    for language in LANGUAGES:
        path = catalogue_path(language)
        missing = update(path, language, wanted)
        typer.echo(f"{path}: {len(wanted)} sentences, {missing} untranslated")
