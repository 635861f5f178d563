"""`edge-agent audit`: the audit trail on paper or as a table, with the proof that it is whole.

All of it is read in one snapshot: the proof covers what is listed, and every event before. An
export without its last line (CSV) or last page (PDF) is cut off.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable, SimpleDocTemplate, Spacer

from edge_agent import clock
from edge_agent.audit.acts import Act
from edge_agent.audit.trail import Chain, Filter, acts, chain
from edge_agent.audit.wording import Wording
from edge_agent.config import LineConfig
from edge_agent.core.saying import SaidError, say
from edge_agent.reports.paper import (
    MARGIN,
    TEXT_WIDTH,
    Styles,
    load_font,
    numbered,
    paragraph,
)
from edge_agent.reports.reading import directory_of, reading
from edge_agent.words import N_, Words

PAPER_LIMIT = 5_000
"""Acts in one PDF: about 250 pages, and 200 MB while it is made."""
COLUMNS = (
    "event", "at", "local", "station", "kind", "who", "approved_by", "what", "old", "new", "why",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 meant so
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection)."""
_HEAD = (N_("No."), N_("When"), N_("Who"), N_("What"))
_GRID = HexColor("#c6cdd6")


class AuditError(SaidError):
    """The export cannot be made as asked; it is said what was found and expected."""


@dataclass(frozen=True, slots=True)
class Exported:
    """How many acts were written, and how far the ledger holds."""

    acts: int
    chain: Chain


def wanted(person: str, kinds: tuple[str, ...], since: str, until: str) -> Filter:
    """The filter that a person typed. Raises AuditError for a time that cannot be read."""
    return Filter(person, kinds, _moment("--from", since), _moment("--until", until))


def write_csv(config: LineConfig, choice: Filter, path: Path, t: Words) -> Exported:
    """Every act that fits, oldest first; the last line is the proof. A text that a spreadsheet
    would run as a formula gets an apostrophe in front. Raises AuditError and ReportError."""
    with reading(config) as ledger, ledger.snapshot():
        wording = Wording(t, ZoneInfo(config.line.time_zone), directory_of(config, ledger).people)
        proof = chain(ledger)
        try:
            # The byte order mark has Excel read UTF-8.
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(COLUMNS)
                count = 0
                for act in acts(ledger, choice):
                    writer.writerow(map(_cell, _row(act, wording)))
                    count += 1
                said = proof_text(proof, t)
                now = clock.now().isoformat()
                writer.writerow(map(_cell, [proof.events, now, "", "", "chain", "", "", said]))
        except OSError as error:
            raise _unwritten(path, error) from None
    return Exported(count, proof)


def write_pdf(config: LineConfig, choice: Filter, path: Path, t: Words) -> Exported:
    """As `write_csv`, on A4. Raises AuditError where more than PAPER_LIMIT acts fit."""
    load_font(config.hmi.font)
    with reading(config) as ledger, ledger.snapshot():
        wording = Wording(t, ZoneInfo(config.line.time_zone), directory_of(config, ledger).people)
        found = list(acts(ledger, choice, PAPER_LIMIT + 1))
        if len(found) > PAPER_LIMIT:
            raise AuditError(
                say("more than {count} entries fit, too many for paper: choose fewer days",
                    count=PAPER_LIMIT)
            )  # fmt: skip
        proof = chain(ledger)
    styles = Styles(t)
    title = t("Audit trail")
    head = f"{config.line.name} · {title}"
    foot = t("Event {seq}, hash {hash}…", seq=proof.events, hash=proof.head.hex()[:16])
    document = SimpleDocTemplate(
        str(path), leftMargin=MARGIN, rightMargin=MARGIN, topMargin=19 * mm, bottomMargin=18 * mm,
        title=head, author=config.line.name,
    )  # fmt: skip
    story: list[Flowable] = [
        paragraph(title, styles.title),
        paragraph(_about(config, choice, wording), styles.text),
        Spacer(1, 6),
        _table(found, wording, styles) if found else paragraph(t("No entry fits."), styles.text),
        Spacer(1, 10),
        paragraph(t("Proof"), styles.section),
        paragraph(proof_text(proof, t), styles.text),
    ]
    try:
        document.build(story, canvasmaker=numbered(head, foot, t))
    except OSError as error:
        raise _unwritten(path, error) from None
    return Exported(len(found), proof)


def proof_text(proof: Chain, t: Words) -> str:
    """How far the ledger holds, as both exports say it."""
    if proof.fault is not None:
        return t(
            "BROKEN: {fault}. Only the {count} events before it are proven; the last of them has "
            "the hash {hash}.",
            fault=t.saying(proof.fault), count=proof.events, hash=proof.head.hex(),
        )  # fmt: skip
    return t(
        "The hash chain of all {count} events is whole; the last of them has the hash {hash}.",
        count=proof.events, hash=proof.head.hex(),
    )  # fmt: skip


def _about(config: LineConfig, choice: Filter, wording: Wording) -> str:
    t, said = wording.t, [config.hmi.site, config.line.name]
    if choice.person:
        said.append(t("Person: {name}", name=wording.person(choice.person)))
    if choice.since:
        said.append(t("From {when}", when=wording.local(choice.since)))
    if choice.until:
        said.append(t("Until {when}", when=wording.local(choice.until)))
    said.append(t("Printed {when}", when=wording.local(clock.now().isoformat())))
    return " · ".join(filter(None, said))


def _table(found: Iterable[Act], wording: Wording, styles: Styles) -> LongTable:
    t = wording.t
    rows: list[list[object]] = [[paragraph(t(each), styles.head) for each in _HEAD]]
    for act in found:
        what: list[object] = [paragraph(wording.what(act), styles.text)]
        what += [
            paragraph(f"{name}: {old or '—'} → {new or '—'}" if old or new else name, styles.quiet)
            for name, old, new in wording.changes(act)
        ]
        if act.why:
            what.append(paragraph(t("Why: {why}", why=wording.why(act)), styles.quiet))
        place = paragraph(wording.place(act), styles.quiet)
        when = paragraph(wording.when(act), styles.text)
        number, who = (
            paragraph(str(act.seq), styles.quiet),
            paragraph(wording.who(act), styles.text),
        )
        rows.append([number, [when, place], who, what])
    widths = [14 * mm, 46 * mm, 38 * mm, TEXT_WIDTH - 98 * mm]
    table = LongTable(rows, colWidths=widths, repeatRows=1)
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _GRID),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ]
    )
    return table


def _row(act: Act, wording: Wording) -> list[object]:
    changes = wording.changes(act, len(act.changes))
    return [
        act.seq, act.at, wording.when(act), act.station, act.kind, act.who, act.approved_by,
        wording.what(act),
        "; ".join(f"{name}: {old}" for name, old, _ in changes),
        "; ".join(f"{name}: {new}" for name, _, new in changes),
        wording.why(act),
    ]  # fmt: skip


def _cell(value: object) -> object:
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return value


def _moment(option: str, text: str) -> str:
    if not text:
        return ""
    try:
        return clock.as_utc(text)
    except ValueError:
        raise AuditError(
            say("{name} is {found}: expected a time such as 2026-11-22T08:00",
                name=option, found=repr(text))
        ) from None  # fmt: skip


def _unwritten(path: Path, error: OSError) -> AuditError:
    why = error.strerror or str(error)
    return AuditError(say("{path} cannot be written ({why})", path=str(path), why=why))
