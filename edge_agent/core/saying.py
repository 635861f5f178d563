"""What is said to a person: a sentence with gaps, so that a screen can say it in another language.

The English sentence is the message identifier of the catalogues (gettext), and what the log and
the ledger hold. `say` is the name that the catalogues' extractor looks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Saying:
    """`text` is the sentence in English, with a ``{name}`` for each of `given`."""

    text: str
    given: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format_map(self.given) if self.given else self.text


class SaidError(Exception):
    """Something cannot be done; `sayings` tell a person why, one for each reason."""

    def __init__(self, *sayings: Saying) -> None:
        super().__init__("; ".join(map(str, sayings)))
        self.sayings = sayings


def say(text: str, **given: str | int) -> Saying:
    """The sentence `text`, its gaps filled with `given`."""
    return Saying(text, given)
