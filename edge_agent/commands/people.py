"""`edge-agent people`: who may sign in at the stations. The line role must be running."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.commands.arguments import ConfigArgument, fail, load

if TYPE_CHECKING:
    from edge_agent.core.people import Person
    from edge_agent.people.store import Account

app = typer.Typer(no_args_is_help=True, help="Who may sign in, their badges and PINs.")

PersonArgument = Annotated[
    str, typer.Argument(metavar="PERSON", help="The id: a staff number, say. Never used again.")
]
ByOption = Annotated[
    str | None,
    typer.Option(help="Who does it: the id of somebody who may edit people. Recorded."),
]
WhyOption = Annotated[str, typer.Option(help="Recorded.")]
BadgeOption = Annotated[
    Path | None, typer.Option("--badge", help="Give a badge too: the PDF to print, made here.")
]


@app.command("list")
def people_list(config: ConfigArgument) -> None:
    """Show everybody, never a secret."""
    accounts = _everybody(config)
    for each in accounts:
        person = each.person
        has = [
            what for what, kept in (("badge", each.badge_digest), ("PIN", each.pin_hash)) if kept
        ]
        state = f"revoked {each.revoked_at}" if each.revoked_at else " and ".join(has) or "no badge"
        typer.echo(f"{person.id}  {person.role.value}  {person.name}  ({state})")
    if not accounts:
        typer.echo("there is nobody yet", err=True)


@app.command("add")
def people_add(
    config: ConfigArgument,
    person: PersonArgument,
    name: Annotated[str, typer.Option(help="As people say it.")],
    role: Annotated[str, typer.Option(help="operator, supervisor, technician or auditor.")],
    language: Annotated[str, typer.Option(help="zh_CN, zh_TW, en; empty: the line's.")] = "",
    by: ByOption = None,
    why: WhyOption = "new on the line",
    badge: BadgeOption = None,
) -> None:
    """Add somebody. The first one, a supervisor, needs no --by."""
    from edge_agent.core.names import PersonId
    from edge_agent.core.people import Person, Role

    if role not in list(Role):
        raise fail(f"--role is {role!r}, expected one of {', '.join(Role)}", 2)
    values = {"name": name, "role": role, "language": language}
    if badge is None:
        _edit(config, person, values, by, why)
    else:
        who = Person(PersonId(person), name, Role(role), language)
        _edit_with_badge(config, who, values, by, why, badge)
    typer.echo(f"{person}: added")


@app.command("badge")
def people_badge(
    config: ConfigArgument,
    person: PersonArgument,
    pdf: Annotated[Path, typer.Option(help="The PDF to print, made here.")],
    by: ByOption = None,
    why: WhyOption = "new badge",
) -> None:
    """Give somebody a new badge; the one before is worth nothing from now on."""
    found = next((each for each in _everybody(config) if each.person.id == person), None)
    if found is None:
        raise fail(f"there is nobody with the id {person!r}; see edge-agent people list")
    _edit_with_badge(config, found.person, {}, by, why, pdf)


@app.command("pin")
def people_pin(
    config: ConfigArgument,
    person: PersonArgument,
    by: ByOption = None,
    why: WhyOption = "new PIN",
) -> None:
    """Give somebody a PIN of 4 to 12 digits, asked for here."""
    from edge_agent.people.secrets import hash_pin

    pin = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    try:
        kept = hash_pin(pin)
    except ValueError as error:
        raise fail(str(error)) from None
    _edit(config, person, {"pin_hash": kept}, by, why)
    typer.echo(f"{person}: has a new PIN")


@app.command("revoke")
def people_revoke(
    config: ConfigArgument,
    person: PersonArgument,
    why: Annotated[str, typer.Option(help="Recorded.")],
    by: ByOption = None,
) -> None:
    """Let somebody sign in no more, and sign them out where they are signed in."""
    _edit(config, person, None, by, why)
    typer.echo(f"{person}: revoked")


def _everybody(config: str) -> "list[Account]":
    from edge_agent.people.store import PeopleError, read_people

    try:
        return read_people(load(config).people_path)
    except PeopleError as error:
        raise fail(str(error)) from None


def _edit(config: str, person: str, new: dict[str, str] | None, by: str | None, why: str) -> None:
    """Ask the line; end the command if it refuses."""
    from edge_agent.control import ControlError, ask

    path = load(config).control_path("line")
    try:
        answer = ask(path, "edit", subject="person", id=person, new=new, by=by, why=why)
    except ControlError as error:
        raise fail(f"nothing is changed: {error}") from None
    if not answer["recorded"]:
        raise fail("nothing is changed: the line refuses; see the screens")


def _edit_with_badge(
    config: str, who: "Person", new: dict[str, str], by: str | None, why: str, pdf: Path
) -> None:
    """The badge is made before the line is told of it: a badge on paper that nobody knows is worth
    nothing, one in the line that nobody has would lock its owner out."""
    from edge_agent.barcodes import badge_sheet
    from edge_agent.people.secrets import badge_digest, new_badge
    from edge_agent.reports.paper import PaperError

    loaded, secret = load(config), new_badge()
    language = who.language or loaded.hmi.language
    try:
        badge_sheet(who, secret, pdf, language, loaded.hmi.font)
    except PaperError as error:
        raise fail(str(error)) from None
    try:
        _edit(config, who.id, {**new, "badge_digest": badge_digest(secret)}, by, why)
    except typer.Exit:
        pdf.unlink()
        raise
    typer.echo(f"{pdf}: the badge of {who.id}; print it, then delete the file")
