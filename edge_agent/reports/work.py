"""Sections on what people did, and on what kept them from it."""

from edge_agent.reports.charts import number
from edge_agent.reports.sections import Section, Table
from edge_agent.reports.sheet import NOTHING, Sheet, unlisted
from edge_agent.vocabulary import COMMANDS, DECOMMISSION, ROLES
from edge_agent.words import Words


def rework_section(sheet: Sheet, t: Words) -> Section | None:
    facts = sheet.facts
    tables = []
    if facts.reworks:
        rows = [
            (t(COMMANDS[operation].label), sheet.person(by), number(count))
            for (operation, by), count in facts.reworks.most_common()
        ]
        tables.append(Table((t("Repair"), t("By"), t("Times")), rows, numbers=2))
    if facts.reworks_refused:
        rows = [
            (t(COMMANDS[operation].label), "", number(count))
            for operation, count in facts.reworks_refused.most_common()
        ]
        tables.append(Table((t("Refused"), "", t("Times")), rows, numbers=2))
    if facts.decommissioned:
        reasons = [
            (t(DECOMMISSION.get(why, why)) if why else NOTHING, number(count))
            for why, count in facts.decommissioned.most_common()
        ]
        tables.append(Table((t("Taken out of use, and why"), t("Codes")), reasons))
    return Section(t("Rework"), tables=tuple(tables)) if tables else None


def labels_section(sheet: Sheet, t: Words) -> Section | None:
    labels = sheet.facts.labels
    if not (labels.queued or labels.reprints or labels.mismatched):
        return None
    counts = [
        (t("New labels"), labels.queued),
        (t("Printed once more"), labels.reprints),
        (t("The printer took it"), labels.printed),
        (t("Nobody knows whether it came out"), labels.failed),
        (t("Scanned, and the right one"), labels.verified),
        (t("Scanned, and another one"), labels.mismatched),
    ]
    tables = [Table((t("Labels"), t("Count")), [(name, number(count)) for name, count in counts])]
    if sheet.facts.reprints:
        rows = [
            (sheet.person(by), t(why) if why else NOTHING, number(count))
            for (by, why), count in sheet.facts.reprints.most_common()
        ]
        tables.append(Table((t("Printed once more by"), t("Why"), t("Times")), rows, numbers=2))
    return Section(t("Labels"), tables=tuple(tables))


def people_section(sheet: Sheet, t: Words) -> Section | None:
    facts, local = sheet.facts, sheet.local
    tables = []
    if facts.people:
        rows = [
            (
                each.name,
                t(ROLES[each.role]),
                ", ".join(sorted(map(t.title, each.stations))),
                local.time(each.first),
                local.time(each.last),
                number(each.times),
            )
            for each in facts.people.values()
        ]
        head = (t("Full name"), t("Role"), t("Stations"), t("First"), t("Last"), t("Times"))
        tables.append(Table(head, rows, numbers=3, wide=2))
    if facts.sign_ins_refused:
        refused = [(t(why), number(count)) for why, count in facts.sign_ins_refused.most_common()]
        tables.append(Table((t("Sign-in refused"), t("Times")), refused))
    return Section(t("Signed in"), tables=tuple(tables)) if tables else None


def halts_section(sheet: Sheet, t: Words) -> Section | None:
    facts = sheet.facts
    if not facts.halts:
        return None
    rows = [
        (sheet.local.time(halt.at), t.recorded(halt.detail), number(halt.refused_reads))
        for halt in facts.halts
    ]
    table = Table((t("Over at"), t("Cause"), t("Reads refused")), rows, numbers=2, wide=1)
    return Section(t("Times without records"), unlisted(facts.halts_unlisted, t), None, (table,))
