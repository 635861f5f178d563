"""Sections on what was made, and what was rejected."""

from edge_agent.core.names import OrderId
from edge_agent.reports import charts
from edge_agent.reports.charts import Series, number
from edge_agent.reports.sections import Section, Table
from edge_agent.reports.sheet import (
    NOTHING,
    Sheet,
    columns,
    product_name,
    reason_word,
    share,
    steps,
)
from edge_agent.reports.times import Axis
from edge_agent.words import Words

REASONS_SHOWN = 7
"""In the chart; the others are one column."""
STACKED = 3


def output_section(sheet: Sheet, t: Words) -> Section:
    facts, period = sheet.facts, sheet.period
    hours = columns(sheet)
    good = hours.sums(facts.accepted)
    target = sheet.directory.order(period.order).target if period.order else 0
    if target:
        sums = [sum(good[: index + 1]) for index in range(len(good))]
        chart = charts.growth(
            hours.labels, Series(t("Good so far"), sums), Series(t("Target"), [target])
        )
    else:
        chart = charts.columns(hours.labels, Series(_per(hours, t), good))
    rows = [
        (t.title(facts.lowest), number(facts.accepted_total), number(facts.packed[facts.lowest]))
    ]
    rows += [
        (
            t.title(name),
            number(facts.closed[name]),
            number(facts.packed[name]) if name != sheet.containers[-1] else NOTHING,
        )
        for name in sheet.containers
    ]
    levels = Table((t("Level"), t("Good or closed"), t("Packed into the next")), rows)
    tables = [levels] if period.order else [levels, *_orders(sheet, t)]
    if target:
        per = Table(
            (t("From"), t("Good"), t("Sum")),
            [
                (label, number(one), number(total))
                for label, one, total in zip(hours.labels, good, sums, strict=True)
            ],
        )
        tables.append(per)
    return Section(t("Output"), chart=chart if facts.events else None, tables=tuple(tables))


def _orders(sheet: Sheet, t: Words) -> list[Table]:
    made = {order: count for order, count in sheet.facts.by_order.items() if order or count}
    if not made or list(made) == [""]:
        return []
    rows = []
    for name, count in made.items():
        order = sheet.directory.order(OrderId(name))
        target = number(order.target) if order.target else NOTHING
        product = product_name(sheet, order.gtin)
        rows.append(
            (name or t("without an order"), product, order.batch or NOTHING, target, number(count))
        )
    head = (t("Order"), t("Product"), t("Batch"), t("Target"), t("Good in this shift"))
    return [Table(head, rows, numbers=3, wide=1)]


def throughput_section(sheet: Sheet, t: Words) -> Section | None:
    facts = sheet.facts
    if not facts.accepted:
        return None
    parts = steps(sheet)
    rates = [
        number_of / parts.minutes(index)
        for index, number_of in enumerate(parts.sums(facts.accepted))
    ]
    running_min = sum(1 for _ in facts.accepted)
    mean = facts.accepted_total / running_min
    chart = charts.course(
        parts.labels,
        Series(t("Good in a minute"), rates),
        Series(t("Mean of the minutes in which any came:"), [mean]),
    )
    return Section(t("Throughput"), chart=chart)


def rejects_section(sheet: Sheet, t: Words) -> Section:
    facts = sheet.facts
    by_reason = facts.by_reason()
    if not by_reason:
        return Section(t("Rejects by reason"), (t("Nothing was rejected."),))
    total = facts.rejected_total + facts.refused_total
    rows, running = [], 0
    for reason, (gate, bench) in by_reason.items():
        running += gate + bench
        part, upto = share(gate + bench, total), share(running, total)
        rows.append((reason_word(reason, t), number(gate), number(bench), part, upto))
    shown = list(by_reason.items())[:REASONS_SHOWN]
    rest = list(by_reason.values())[REASONS_SHOWN:]
    bars = [(reason_word(reason, t), *counts) for reason, counts in shown]
    if rest:
        bars.append((t("Others"), sum(gate for gate, _ in rest), sum(bench for _, bench in rest)))
    gates = Series(t("Kept out at the gate"), [gate for _, gate, _ in bars])
    benches = Series(t("Scan refused"), [bench for _, _, bench in bars])
    names = [name for name, _, _ in bars]
    if not facts.rejected_total:
        gates, benches = benches, gates
    second = benches if sum(benches.values) else None
    chart = charts.pareto(names, gates, second, t("Share so far"))
    head = (t("Reason"), t("At the gate"), t("Scan refused"), t("Share"), t("Share so far"))
    remarks = []
    if facts.escaped:
        remarks.append(t("{count} items went through the gate without leave.", count=facts.escaped))
    return Section(t("Rejects by reason"), tuple(remarks), chart, (Table(head, rows),))


def rejects_over_time_section(sheet: Sheet, t: Words) -> Section | None:
    facts = sheet.facts
    reasons = list(facts.by_reason())
    if not reasons:
        return None
    parts = columns(sheet)
    sums = {
        reason: [
            gate + bench
            for gate, bench in zip(
                parts.sums(facts.rejected.get(reason, {})),
                parts.sums(facts.refused.get(reason, {})),
                strict=True,
            )
        ]
        for reason in reasons
    }
    series = [Series(reason_word(reason, t), sums[reason]) for reason in reasons[:STACKED]]
    if len(reasons) > STACKED:
        others = zip(*(sums[reason] for reason in reasons[STACKED:]), strict=True)
        series.append(Series(t("Others"), [sum(each) for each in others]))
    return Section(t("Rejects over time"), chart=charts.stacked(parts.labels, series))


def _per(parts: Axis, t: Words) -> str:
    if parts.width_min == 60:
        return t("Good in an hour")
    if parts.width_min < 1_440:
        return t("Good in {hours} hours", hours=parts.width_min // 60)
    return t("Good in {days} days", days=parts.width_min // 1_440)
