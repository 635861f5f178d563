"""What a scanner types that poses as a keyboard: key events to characters, US layout.

Numbers are those of ``linux/input-event-codes.h``. A control character comes as Alt and its number
on the keypad (``Alt+029`` is GS, the FNC1 of GS1), or as Ctrl and a key (``Ctrl+]`` is GS too);
which of them is a setting of the scanner.
"""

EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
ENTER, KEYPAD_ENTER = 28, 96
_SHIFT, _CTRL, _ALT = frozenset({42, 54}), frozenset({29, 97}), frozenset({56, 100})
_SILENT = frozenset({58, 69, 70, 125, 126})
"""Caps Lock, Num Lock, Scroll Lock, and the two Windows keys: scanners press them around a code."""
_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
    (15, "\t", "\t"),
)
_PLAIN = {first + i: each for first, row, _ in _ROWS for i, each in enumerate(row)}
_SHIFTED = {first + i: each for first, _, row in _ROWS for i, each in enumerate(row)}
_DIGITS = {82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9"}
_KEYPAD = {**_DIGITS, 55: "*", 74: "-", 78: "+", 83: ".", 98: "/"}
_RELEASED, _PRESSED = 0, 1


class NoCharacterError(ValueError):
    """What was typed is no character. The message names it and the mend."""


class Keyboard:
    """Which keys are held now, and so what the next one means."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._alt_digits = ""

    def type(self, key: int, value: int) -> str:
        """The characters that this event types: mostly one or none; ``\\n`` for Enter.

        `value` is 1 for pressed, 0 for released; a repeat (2) types nothing, for no scanner holds
        a key. Raises NoCharacterError.
        """
        if key in _SHIFT | _CTRL | _ALT:
            return self._modify(key, value)
        if value != _PRESSED or key in _SILENT:
            return ""
        if self._held & _ALT:
            if key not in _DIGITS:
                raise NoCharacterError(f"Alt and key {key}, expected Alt and keypad digits")
            self._alt_digits += _DIGITS[key]
            return ""
        if key in (ENTER, KEYPAD_ENTER):
            return "\n"
        if key in _KEYPAD:
            return _KEYPAD[key]
        typed = (_SHIFTED if self._held & _SHIFT else _PLAIN).get(key)
        if typed is None:
            raise NoCharacterError(
                f"key {key} is no character of the US layout: set the scanner's keyboard to US "
                "English, and its control characters to Alt and keypad"
            )
        return chr(ord(typed.upper()) & 0x1F) if self._held & _CTRL else typed

    def _modify(self, key: int, value: int) -> str:
        if value != _RELEASED:
            self._held.add(key)
            return ""
        self._held.discard(key)
        if key not in _ALT or not self._alt_digits:
            return ""
        number, self._alt_digits = self._alt_digits, ""
        # Beyond ASCII the number is of a code page that nobody here knows.
        if len(number) > 4 or int(number) > 0x7F:
            raise NoCharacterError(f"Alt+{number[:8]}, expected Alt+000 to Alt+127")
        return chr(int(number))
