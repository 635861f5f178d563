"""The configuration as the pure core needs it."""

import re

from edge_agent.config import CodeForm, LineConfig, Station
from edge_agent.core.codes import Form
from edge_agent.core.interlock import StopPlan
from edge_agent.core.names import Gtin, LevelName, StationName
from edge_agent.core.packing import LevelPlan
from edge_agent.core.record import GatePlan, LinePlan, StationPlan
from edge_agent.core.verify import Due, SerialRange
from edge_agent.gate_config import Gate


def line_plan(config: LineConfig) -> LinePlan:
    """What the core is told about the line."""
    levels = tuple(
        LevelPlan(LevelName(level.name), level.capacity or 0, level.partial, level.waiting)
        for level in config.levels
    )
    forms = tuple(
        _form(LevelName(level.name), form) for level in config.levels for form in level.codes
    )
    products = {
        Gtin(product.gtin): tuple(SerialRange(r.first, r.last) for r in product.issued)
        for product in config.products
    }
    stations = {
        StationName(station.name): _station(station, products) for station in config.stations
    }
    return LinePlan(levels, forms, stations)


def _form(level: LevelName, form: CodeForm) -> Form:
    pattern = re.compile(form.pattern) if form.pattern else None
    return Form(level, form.kind, tuple(form.requires), dict(form.lengths), pattern)


def _station(station: Station, products: dict[Gtin, tuple[SerialRange, ...]]) -> StationPlan:
    gate = station.gate
    return StationPlan(
        name=StationName(station.name),
        due=Due(tuple(map(LevelName, station.reads)), products, gated=gate is not None),
        reread_us=station.reread_ms * 1_000,
        gate=_gate(gate) if gate else None,
    )


def _gate(gate: Gate) -> GatePlan:
    stop = gate.stop
    return GatePlan(
        window_us=gate.read_window_ms * 1_000,
        spacing_us=gate.min_spacing_ms * 1_000,
        stop=StopPlan(stop.in_a_row, stop.count, stop.of_last, stop.on),
    )
