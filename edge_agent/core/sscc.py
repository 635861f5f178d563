"""SSCCs made here (GS1 General Specifications, 3.3.1 and 7.9.1)."""

from dataclasses import dataclass

from edge_agent.core.names import CodeKey

_BODY_DIGITS = 17


@dataclass(frozen=True, slots=True)
class SsccRange:
    """The serial references `first` to `last` of a GS1 company prefix and an extension digit.

    This line alone takes numbers from it, each once and for ever.
    """

    prefix: str
    extension: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """Whose numbers are counted together: extension digit and prefix, e.g. ``0 6971234``."""
        return f"{self.extension} {self.prefix}"

    def sscc(self, number: int) -> str:
        """The 18 digits for serial reference `number`."""
        body = f"{self.extension}{self.prefix}"
        body += f"{number:0{_BODY_DIGITS - len(body)}d}"
        return body + str(check_digit(body))


def check_digit(body: str) -> int:
    """What makes the digits of `body` a whole: weights 3, 1, 3, ... from the right."""
    return -(3 * sum(map(int, body[::-2])) + sum(map(int, body[-2::-2]))) % 10


def key_of(sscc: str) -> CodeKey:
    """The key of a code that says ``(00)`` and `sscc`."""
    return CodeKey(f"00{sscc}")
