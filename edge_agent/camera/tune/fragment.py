"""A section of the configuration as TOML text, with comments that say why."""

import json
from collections.abc import Iterator, Mapping

Values = Mapping[str, object]


def fragment(path: str, section: Values, reasons: Mapping[str, str]) -> str:
    """``[path]`` with its tables below it. `reasons` are comments, by the name of the key.

    Raises TypeError for a value that TOML, or a configuration, does not have.
    """
    return "\n".join(_lines(path, section, reasons)) + "\n"


def _lines(path: str, section: Values, reasons: Mapping[str, str]) -> Iterator[str]:
    yield f"[{path}]"
    tables: list[tuple[str, Values]] = []
    for key, value in section.items():
        if isinstance(value, Mapping) and not _is_short(value):
            tables.append((key, value))
        elif value is not None:
            line = f"{key} = {_value(value)}"
            yield f"{line:<40} # {reasons[key]}" if key in reasons else line
    for key, table in tables:
        yield ""
        yield from _lines(f"{path}.{key}", table, reasons)


def _is_short(table: Values) -> bool:
    return 0 < len(table) <= 4 and all(isinstance(value, int) for value in table.values())


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            # A basic string of TOML is one of JSON, but for DEL.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case Mapping():
            return f"{{ {', '.join(f'{key} = {_value(each)}' for key, each in value.items())} }}"
    raise TypeError(f"{value!r} cannot be configured")
