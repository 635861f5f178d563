"""What a report says of a shift or an order, in one language: facts → sections."""

from collections.abc import Iterable
from datetime import timedelta

from edge_agent.reports.charts import number
from edge_agent.reports.production import (
    output_section,
    rejects_over_time_section,
    rejects_section,
    throughput_section,
)
from edge_agent.reports.sections import Report, Section, Tile
from edge_agent.reports.sheet import NOTHING, Sheet, duration, product_name, seconds, share
from edge_agent.reports.stops import reconciliation_section, stops_section
from edge_agent.reports.work import halts_section, labels_section, people_section, rework_section
from edge_agent.words import Words


def report(sheet: Sheet, t: Words) -> Report:
    """The report of a shift or an order in the language of `t`."""
    period, local = sheet.period, sheet.local
    return Report(
        title=t("Order report") if period.order else t("Shift report"),
        name=period.order or local.range(period.since, period.until),
        about=_about(sheet, t),
        remarks=tuple(_remarks(sheet, t)),
        tiles=_tiles(sheet, t),
        sections=[each for each in _sections(sheet, t) if each is not None],
        line=sheet.config.line.name,
        seq=period.last_seq,
        hash=sheet.hash,
    )


def _about(sheet: Sheet, t: Words) -> list[tuple[str, str]]:
    period, local = sheet.period, sheet.local
    about = [(t("Line"), sheet.config.line.name)]
    if sheet.config.hmi.site:
        about.insert(0, (t("Site"), sheet.config.hmi.site))
    if period.order:
        order = sheet.directory.order(period.order)
        about += [
            (t("Product"), product_name(sheet, order.gtin)),
            (t("Batch"), order.batch or NOTHING),
            (t("Made"), order.made or NOTHING),
            (t("Expiry"), order.expiry or NOTHING),
            (t("Time"), local.range(period.since, period.until)),
        ]
    about.append((t("Time zone"), sheet.config.line.time_zone))
    return about


def _remarks(sheet: Sheet, t: Words) -> Iterable[str]:
    period, facts, local = sheet.period, sheet.facts, sheet.local
    if period.is_open:
        now = local.day_and_time(period.until)
        if period.order:
            yield t("This order is still being packed. The report shows it as of {time}.", time=now)
        else:
            yield t("This shift is not finished. The report shows it as of {time}.", time=now)
    if facts.events == 0:
        yield t("Nothing was recorded in this time.")
    if period.order and not sheet.directory.order(period.order).known:
        yield t("Nobody has entered what this order is: its product, batch and target are unknown.")
    if facts.clock_set_back:
        yield t(
            "The clock of the line PC was set back to {time}: times around it are not certain.",
            time=local.day_and_time(facts.clock_set_back),
        )
    change = local.offset_change(period.since, period.until)
    if change > timedelta():
        yield t("The clocks were put forward in this time.")
    elif change:
        yield t("The clocks were put back in this time: an hour on them comes twice.")


def _tiles(sheet: Sheet, t: Words) -> list[Tile]:
    facts = sheet.facts
    target = sheet.directory.order(sheet.period.order).target if sheet.period.order else 0
    of_target = t("of {target}", target=number(target)) if target else t.title(facts.lowest)
    tiles = [Tile(t("Good"), number(facts.accepted_total), of_target)]
    part = share(facts.rejected_total, facts.accepted_total + facts.rejected_total)
    if facts.rejected_total or not facts.refused_total:
        tiles.append(Tile(t("Kept out at the gate"), number(facts.rejected_total), part))
    if facts.refused_total:
        tiles.append(Tile(t("Scans refused"), number(facts.refused_total)))
    tiles += [
        Tile(t("Closed"), number(facts.closed[name]), t.title(name)) for name in sheet.containers
    ]
    stood_s = sum(seconds(sheet, stop) for stop in facts.stops)
    if facts.stops:
        tiles.append(Tile(t("Stops"), number(len(facts.stops)), duration(stood_s)))
    if facts.accounts:
        differences = sum(each.differences for each in facts.accounts)
        tiles.append(
            Tile(t("Differences"), number(differences), t("of counts"), warns=differences > 0)
        )
    return tiles


def _sections(sheet: Sheet, t: Words) -> Iterable[Section | None]:
    yield output_section(sheet, t)
    yield throughput_section(sheet, t)
    yield rejects_section(sheet, t)
    yield rejects_over_time_section(sheet, t)
    yield stops_section(sheet, t)
    yield reconciliation_section(sheet, t)
    yield rework_section(sheet, t)
    yield labels_section(sheet, t)
    yield people_section(sheet, t)
    yield halts_section(sheet, t)
