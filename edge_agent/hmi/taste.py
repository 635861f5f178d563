"""What a browser prefers: language, and day or dark. Two cookies that static/taste.js writes.

They are no secrets and grant nothing, so the page's own script may set them.
"""

from starlette.requests import Request

from edge_agent.config import LineConfig
from edge_agent.core.people import Person
from edge_agent.vocabulary import titled
from edge_agent.words import LANGUAGES, Words

THEMES = ("day", "dark")


def words_for(request: Request, person: Person | None, config: LineConfig) -> Words:
    """The words for `person` at this browser, with the titles of the line's things: what was
    chosen here while the same person (or nobody) was signed in; else the person's language; else
    the pages' own."""
    whose, _, chosen = request.cookies.get("language", "").partition(".")
    if chosen in LANGUAGES and whose == cookie_owner(person):
        return titled(chosen, config)
    return titled((person.language if person else "") or config.hmi.language, config)


def theme_of(request: Request) -> str:
    """``day`` or ``dark``."""
    theme = request.cookies.get("theme", "")
    return theme if theme in THEMES else THEMES[0]


def cookie_owner(person: Person | None) -> str:
    """Who chose, as the cookie says it: letters and digits only, as cookies want them."""
    return "".join(filter(str.isalnum, person.id)) if person else ""
