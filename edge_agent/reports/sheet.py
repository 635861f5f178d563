"""What a report is made of, and how its times and numbers are written."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from edge_agent.config import LineConfig
from edge_agent.core.events import Reason
from edge_agent.core.names import LevelName, PersonId, utc_us
from edge_agent.reports.directory import Directory
from edge_agent.reports.facts import Facts, Stop
from edge_agent.reports.period import Period
from edge_agent.reports.times import (
    COLUMN_WIDTHS_MIN,
    COLUMNS,
    STEP_WIDTHS_MIN,
    STEPS,
    Axis,
    LocalTime,
    axis,
)
from edge_agent.vocabulary import REASONS
from edge_agent.words import Words

NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that a report says, before it is said."""

    config: LineConfig
    period: Period
    facts: Facts
    directory: Directory
    hash: str
    """Of the last event it covers, hexadecimal."""

    def person(self, person: str | None) -> str:
        """As people say it; a dash for nobody."""
        if not person:
            return NOTHING
        present = self.facts.people.get(PersonId(person))
        return present.name if present else self.directory.people.get(PersonId(person)) or person

    @property
    def containers(self) -> list[LevelName]:
        """The levels of containers, bottom up."""
        return [LevelName(level.name) for level in self.config.levels[1:]]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.config.line.time_zone)

    @property
    def local(self) -> LocalTime:
        return LocalTime(self.zone)


def duration(seconds: float) -> str:
    """``1:02:03``, or ``2:03`` below an hour."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def columns(sheet: Sheet) -> Axis:
    period = sheet.period
    return axis(period.since, period.until, sheet.zone, COLUMN_WIDTHS_MIN, COLUMNS)


def steps(sheet: Sheet) -> Axis:
    period = sheet.period
    return axis(period.since, period.until, sheet.zone, STEP_WIDTHS_MIN, STEPS)


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else NOTHING


def reason_word(reason: Reason, t: Words) -> str:
    return t(REASONS[reason].word)


def product_name(sheet: Sheet, gtin: str) -> str:
    return sheet.directory.products.get(gtin) or gtin or NOTHING


def unlisted(number_of: int, t: Words) -> tuple[str, ...]:
    return (t("{count} more are not listed.", count=number_of),) if number_of else ()


def bounds(sheet: Sheet, stop: Stop) -> tuple[str, str]:
    return stop.since or sheet.period.since, stop.until or sheet.period.until


def seconds(sheet: Sheet, stop: Stop) -> float:
    begin, end = bounds(sheet, stop)
    return max(utc_us(end) - utc_us(begin), 0) / 1e6
