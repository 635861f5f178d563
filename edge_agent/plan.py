"""The configuration as the pure core needs it."""

import re

from edge_agent.config import LineConfig, Station
from edge_agent.core.codes import Form
from edge_agent.core.interlock import StopPlan
from edge_agent.core.labels import LabelPlan
from edge_agent.core.names import Gtin, LevelName, StationName
from edge_agent.core.packing import LevelPlan, PairPlan
from edge_agent.core.record import GatePlan, LinePlan, PeoplePlan, StationPlan
from edge_agent.core.sscc import SsccRange
from edge_agent.core.verify import Due, SerialRange
from edge_agent.gate_config import Gate
from edge_agent.level_config import CodeForm, Level
from edge_agent.station_config import Label, People


def line_plan(config: LineConfig) -> LinePlan:
    """What the core is told about the line."""
    levels = tuple(map(_level, config.levels))
    forms = tuple(
        _form(LevelName(level.name), form) for level in config.levels for form in level.codes
    )
    products = {
        Gtin(product.gtin): tuple(SerialRange(r.first, r.last) for r in product.issued)
        for product in config.products
    }
    below_another = {level.name for level in levels[:-1]}
    stations = {
        StationName(station.name): _station(station, products, below_another)
        for station in config.stations
    }
    return LinePlan(levels, forms, stations, _people(config.people), StationName(config.line.name))


def _level(level: Level) -> LevelPlan:
    pair = level.pair
    return LevelPlan(
        name=LevelName(level.name),
        capacity=level.capacity or 0,
        partial=level.partial,
        waiting=level.waiting,
        by_scan=level.by_scan,
        mixed=level.mixed,
        per_layer=level.per_layer,
        label=_label(level.label) if level.label else None,
        pair=PairPlan(re.compile(pair.pattern), pair.name) if pair else None,
    )


def _label(label: Label) -> LabelPlan:
    sscc = label.sscc
    return LabelPlan(
        label.template,
        label.printer,
        SsccRange(sscc.prefix, sscc.extension, sscc.first, sscc.last) if sscc else None,
        label.verify,
        label.copies,
    )


def _form(level: LevelName, form: CodeForm) -> Form:
    pattern = re.compile(form.pattern) if form.pattern else None
    return Form(level, form.kind, tuple(form.requires), dict(form.lengths), pattern)


def _station(
    station: Station, products: dict[Gtin, tuple[SerialRange, ...]], below_another: set[LevelName]
) -> StationPlan:
    gate = station.gate
    reads = tuple(map(LevelName, station.reads))
    packs = tuple(level for level in reads if level in below_another)
    return StationPlan(
        name=StationName(station.name),
        due=Due(reads, products, gated=gate is not None, packs=packs),
        reread_us=station.reread_ms * 1_000,
        gate=_gate(gate, 1 if station.second_scanner is None else 2) if gate else None,
        work=station.page,
    )


def _gate(gate: Gate, scanners: int) -> GatePlan:
    stop = gate.stop
    return GatePlan(
        window_us=gate.read_window_ms * 1_000,
        spacing_us=gate.min_spacing_ms * 1_000,
        stop=StopPlan(stop.in_a_row, stop.count, stop.of_last, stop.on),
        scanners=scanners,
    )


def _people(people: People) -> PeoplePlan:
    return PeoplePlan(people.required, people.idle_sign_out_s * 1_000_000, people.four_eyes)
