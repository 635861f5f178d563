"""Sections on what stood still, and whether the counts agree."""

from edge_agent.core.laws import laws_of
from edge_agent.reports import charts
from edge_agent.reports.charts import Row, number
from edge_agent.reports.facts import Stop
from edge_agent.reports.sections import Section, Table
from edge_agent.reports.sheet import NOTHING, Sheet, bounds, duration, seconds, steps, unlisted
from edge_agent.reports.vocabulary import COUNTS, LAWS, STOPS
from edge_agent.words import Words


def stops_section(sheet: Sheet, t: Words) -> Section | None:
    facts, local = sheet.facts, sheet.local
    gated = [station.name for station in sheet.config.stations if station.gate]
    if not gated and not facts.stops:
        return None
    if not facts.stops:
        return Section(t("Stops"), (t("No gate was stopped."),))
    parts = steps(sheet)
    names = list(dict.fromkeys([*gated, *(stop.station for stop in facts.stops)]))
    bars = [
        Row(
            t.title(name),
            [
                (parts.share(begin), parts.share(end))
                for stop in facts.stops
                if stop.station == name
                for begin, end in [bounds(sheet, stop)]
            ],
        )
        for name in names
    ]
    rows = [
        (
            local.time(stop.since) if stop.since else t("before"),
            local.time(stop.until) if stop.until else t("not yet over"),
            duration(seconds(sheet, stop)),
            t.title(stop.station),
            _cause(stop, t),
            f"{sheet.person(stop.by)}, {stop.why}" if stop.by else NOTHING,
        )
        for stop in facts.stops
    ]
    by_cause: dict[str, tuple[int, float]] = {}
    for stop in facts.stops:
        times, stood_s = by_cause.get(_cause(stop, t), (0, 0.0))
        by_cause[_cause(stop, t)] = times + 1, stood_s + seconds(sheet, stop)
    causes = [
        (cause, number(times), duration(stood_s))
        for cause, (times, stood_s) in sorted(by_cause.items(), key=lambda each: -each[1][1])
    ]
    remarks = unlisted(facts.stops_unlisted, t)
    head = (t("From"), t("To"), t("Duration"), t("Station"), t("Cause"), t("Released by, and why"))
    return Section(
        t("Stops"),
        remarks,
        charts.timeline(parts.labels, bars),
        (
            Table((t("Cause"), t("Times"), t("Duration")), causes),
            Table(head, rows, numbers=len(head), wide=5),
        ),
    )


def _cause(stop: Stop, t: Words) -> str:
    return t(STOPS[stop.cause]) if stop.cause in STOPS else stop.cause


def reconciliation_section(sheet: Sheet, t: Words) -> Section | None:
    facts, period = sheet.facts, sheet.period
    if not any(station.gate for station in sheet.config.stations):
        return None
    title = t("Reconciliation")
    if period.order:
        return Section(title, (t("Counts are compared by shift: see the reports of the shifts."),))
    if not sheet.config.line.shifts:
        return Section(title, (t("Counts are not compared: the line has no shifts."),))
    if not facts.accounts:
        if period.is_open:
            return Section(title, (t("Counts are compared when the shift ends."),))
        return Section(
            title, (t("The counts of this shift were not closed: nobody compared them."),)
        )
    tables, remarks = [], []
    for account in facts.accounts:
        station = t.title(account.station)
        found = t("{station}: all counts agree.", station=station)
        if account.differences:
            found = t(
                "{station}: {count} differences. `edge-agent reconcile` lists them.",
                station=station,
                count=account.differences,
            )
        remarks.append(found)
        totals = account.counts
        laws = laws_of(totals, packs=sheet.config.packs_behind_gates)
        rows = [
            (
                t(LAWS[law.name]),
                number(law.left),
                "=" if law.left == law.right else "≠",
                number(law.right),
            )
            for law in laws
        ]
        tables.append(Table((station, t("Left"), "", t("Right")), rows))
        counts = [
            (t(words), number(totals[name])) for name, words in COUNTS.items() if totals.get(name)
        ]
        tables.append(Table((station, t("Count")), counts))
    return Section(title, tuple(remarks), None, tuple(tables))
