"""The words of a page that change only with the language: buttons, headings, hints."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from edge_agent.config import LineConfig
from edge_agent.core.commands import Command
from edge_agent.hmi.office import SIGHTS
from edge_agent.station_config import Work
from edge_agent.vocabulary import COMMANDS, DECOMMISSION, WORKS
from edge_agent.words import LANGUAGES, N_, Words, words

_BUTTONS: dict[str, tuple[Command, ...]] = {
    "inline": (Command.REMOVE, Command.SAMPLE, Command.UNDO, Command.ORDER),
    "packing": (Command.CLOSE, Command.UNDO, Command.REPRINT, Command.ORDER),
    "pallet": (Command.CLOSE, Command.UNDO, Command.REPRINT, Command.ORDER),
    "layer": (Command.CLOSE, Command.UNDO, Command.REPRINT, Command.ORDER),
    "rework": (Command.UNDO,),
    "supervisor": (),
}
"""The big buttons of each kind of work; the rest is one touch away, behind `More`."""

_SHEET = (
    (N_("One thing"), (Command.REMOVE, Command.REPLACE, Command.ADD, Command.MOVE)),
    (
        N_("Container"),
        (Command.EMPTY, Command.SPLIT, Command.MERGE, Command.UNPACK, Command.REOPEN),
    ),
    (N_("Filling"), (Command.CLOSE, Command.PARK, Command.RESUME, Command.UNDO)),
    (N_("Out of the line"), (Command.DECOMMISSION, Command.SAMPLE, Command.RETURN)),
    (N_("Other"), (Command.REPRINT, Command.ORDER, Command.SIGN_OUT)),
)

_ICONS = {
    "/orders": "order",
    "/products": "box",
    "/people": "person",
    "/reports": "chart",
    "/audit": "list",
    "/printers": "printer",
}
"""Of the office's pages."""


@cache
def _common(language: str) -> dict[str, Any]:
    t = words(language)
    return {
        "language": language,
        "languages": dict(LANGUAGES),
        "away": t("No connection to the line"),
        "away_remedy": t("Nothing on this screen is true now. Do not pack."),
        "away_wait": t("It comes back by itself as soon as the line answers."),
        "halted": t("Nothing is recorded. Do not pack."),
        "hq": t("HQ"),
        "overview": t("Overview"),
        "dark": t("Dark"),
        "day": t("Day"),
        "sound_off": t("Sound is off until you touch the screen"),
        "no_sound": t("No sound"),
        "sound": t("Sound"),
        "sound_levels": [t("off"), t("low"), t("high")],
        "no_order": t("No order"),
        "close": t("Close this"),
        "nobody": t("Nobody"),
        "sign_in": t("Sign in"),
        "languages_title": t("Language"),
        "settings": t("Language and sound"),
    }


def station_texts(config: LineConfig, name: str, t: Words, *, may_press: bool) -> dict[str, Any]:
    """Of the page of station `name`. Without `may_press` it has no buttons."""
    station = next(each for each in config.stations if each.name == name)
    camera = station.scanner if station.page == "layer" else ""
    texts = _station_texts(config.line.name, name, station.page, camera, t.language, may_press)
    return {**texts, "title": t.title(name)}


@cache
def _station_texts(
    line: str, station: str, page: Work, camera: str, language: str, may_press: bool
) -> dict[str, Any]:
    t = words(language)
    return {
        **_common(language),
        "line": line,
        "station": station,
        "page": page,
        "work": t(WORKS[page]),
        "may_press": may_press,
        "buttons": _buttons(_BUTTONS[page], t),
        "sheet": [{"title": t(title), "buttons": _buttons(all_, t)} for title, all_ in _SHEET],
        "links": [
            {"path": sight.path, "label": t(sight.title), "icon": _ICONS[sight.path]}
            for sight in SIGHTS
        ],
        "decommission": [
            {"command": "DECOMMISSION", "argument": argument, "label": t(label)}
            for argument, label in DECOMMISSION.items()
        ],
        "decommission_title": t("Why is it taken out of use?"),
        "orders_title": t("Which order is worked on?"),
        "no_orders": t("No order is open. A supervisor makes one."),
        "more": t("More"),
        "cancel": t("Cancel"),
        "release": t("Release"),
        "ready": t("Ready: scan"),
        "ready_hint": t("Scan a product, a container or a badge."),
        "inquire": t("Scan anything to see what it is."),
        "waiting": t("Waiting for their label"),
        "parked": t("Put aside"),
        "operations": t("Last operations"),
        "empty": t("Nothing is being filled"),
        "look_on": t("Only the line's own screen has buttons."),
        "no_picture": t("No picture from the camera"),
        "camera": camera,
    }


@cache
def _overview_texts(line: str, stations: tuple[tuple[str, str], ...], language: str) -> Any:
    t = words(language)
    return {
        **_common(language),
        "line": line,
        "page": "overview",
        "owner": "",
        "stations": [
            {"name": name, "path": f"/station/{name}", "work": t(WORKS[page])}
            for name, page in stations
        ],
        "links": [
            {"path": sight.path, "label": t(sight.title), "icon": _ICONS[sight.path]}
            for sight in SIGHTS
        ],
        "per_minute": t("a minute"),
        "rejects": t("Rejects of this shift"),
        "no_rejects": t("No rejects"),
        "no_reads": t("Nothing read yet"),
    }


def overview_texts(config: LineConfig, t: Words) -> dict[str, Any]:
    """Of the page of the whole line."""
    stations = tuple((station.name, station.page) for station in config.stations)
    texts: dict[str, Any] = _overview_texts(config.line.name, stations, t.language)
    return texts


def _buttons(commands: Iterable[Command], t: Words) -> list[dict[str, str]]:
    return [
        {
            "command": command.value,
            "label": t(COMMANDS[command].label),
            "hint": t(COMMANDS[command].hint),
            "icon": COMMANDS[command].icon,
        }
        for command in commands
    ]
