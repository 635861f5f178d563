"""What the screens of a line show of one moment: a LineView in one language, as plain JSON values.

Pure. static/live.js draws it; every text in it is ready to be read, and none of it is markup.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.core.commands import Command
from edge_agent.core.effects import Tone
from edge_agent.core.people import Person
from edge_agent.core.saying import Saying
from edge_agent.hmi.identity import parts, short
from edge_agent.views import (
    Box,
    DeviceView,
    GateView,
    LastRead,
    LineView,
    OrderView,
    Prompt,
    StationView,
)
from edge_agent.vocabulary import (
    COMMANDS,
    CONDITIONS,
    COUNTERS,
    DECOMMISSION,
    DEVICES,
    LABELS,
    LINKS,
    REASONS,
    ROLES,
    TONES,
    WORKS,
)
from edge_agent.words import Words

ORDERS = 60
"""Orders offered to choose from."""
_CODE_FIRST = ("{code}", "{key}", "{container}", "{name}")
"""Gaps whose own letters matter."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
"""As the line writes a time: RFC 3339, UTC."""
Plain = dict[str, Any]


def station_screen(view: LineView, station: StationView, t: Words, zone: ZoneInfo) -> Plain:
    """One station's page."""
    main, waiting = _boxes(station)
    return {
        **line_bar(view, t),
        "person": person_plain(station.signed_in, t),
        "last": _last(station.last, view.at, t, zone),
        "prompt": _prompt(station.prompt, t, zone),
        "deaf": _deaf(view, station, t),
        "box": main and _box(main, view, t),
        "waiting": [_box_short(box, view, t) for box in waiting],
        "parked": [_box_short(box, view, t) for box in station.parked],
        "counters": _counters(station, t),
        "operations": [_operation(each, view.at, t, zone) for each in station.operations],
        "gate": station.gate and gate_plain(station.gate, t, zone),
        "orders": _orders(view, t),
    }


def overview_screen(
    view: LineView, per_minute: Mapping[str, int | None], t: Words, zone: ZoneInfo
) -> Plain:
    """The whole line. `per_minute` is how many each station accepts, None where nobody knows."""
    return {
        **line_bar(view, t),
        "stations": [
            {
                "name": station.name,
                "title": t.title(station.name),
                "work": t(WORKS.get(station.work, station.work)),
                "person": person_plain(station.signed_in, t),
                "last": _last(station.last, view.at, t, zone),
                "counters": _counters(station, t),
                "per_minute": per_minute.get(station.name),
                "box": (main := _boxes(station)[0]) and _box_short(main, view, t),
                "deaf": _deaf(view, station, t),
                "gate": station.gate and gate_plain(station.gate, t, zone),
            }
            for station in view.stations
        ],
        "rejects": [
            {"label": _reason_word(name, t), "n": count}
            for name, count in sorted(view.rejects.items(), key=lambda item: -item[1])[:6]
            if count
        ],
    }


def line_bar(view: LineView, t: Words) -> Plain:
    """What every page says of the line, along the top."""
    return {
        "seq": view.seq,
        "halted": view.halted and t.saying(view.halted),
        "shift": view.shift,
        "order": _order(view, t),
        "lamps": [_lamp(device, t) for device in view.devices],
        "hq": _hq(view.hq_waiting, t),
    }


def person_plain(person: Person | None, t: Words) -> Plain | None:
    if person is None:
        return None
    return {"id": person.id, "name": person.name, "role": t(ROLES[person.role])}


def gate_plain(gate: GateView, t: Words, zone: ZoneInfo) -> Plain:
    conditions = [t(CONDITIONS.get(each, each)) for each in gate.conditions]
    if gate.stopped is not None:
        state, title, why = "stopped", t("Line stopped"), _sentence(gate.stopped, t, zone)
    elif not gate.armed:
        state, title, why = (
            "refused",
            t("The gate rejects everything"),
            _capital(t.saying(gate.refusal)) if gate.refusal else "",
        )
    else:
        state, title, why = "armed", t("The gate is armed"), ""
    return {
        "state": state,
        "title": title,
        "why": why,
        "conditions": conditions,
        "pending": t("{count} on the belt", count=gate.pending),
    }


def _last(last: LastRead | None, now: str, t: Words, zone: ZoneInfo) -> Plain | None:
    if last is None:
        return None
    trouble = REASONS[last.reason] if last.reason else None
    word = t(trouble.word if trouble and last.tone is Tone.BAD else TONES[last.tone])
    text = _sentence(last.saying, t, zone)
    first = last.first
    if first is not None and first.at in last.saying.given.values():
        first = None  # the sentence says it
    return {
        "n": last.n,
        "tone": last.tone.value,
        "word": word,
        "text": "" if text == word else text,
        "remedy": t(trouble.remedy) if trouble else "",
        "code": parts(last.text or "", last.key or ""),
        "first": first
        and t(
            "First scanned {when} at {station}",
            when=_when(first.at, zone),
            station=t.title(first.station),
        ),
        "culprits": [each for each in (_sentence(c, t, zone) for c in last.culprits) if each],
        "time": _clock(last.at, now, zone),
        "picture": last.picture,
    }


def _operation(each: LastRead, now: str, t: Words, zone: ZoneInfo) -> Plain:
    text = _sentence(each.saying, t, zone)
    says_nothing = text == t(TONES[each.tone])
    return {
        "n": each.n,
        "time": _clock(each.at, now, zone),
        "tone": each.tone.value,
        "text": (short(each.key or "") or text) if says_nothing else text,
    }


def _deaf(view: LineView, station: StationView, t: Words) -> Plain | None:
    """What should read at the station and does not. `entirely`: nothing that is scanned by its own
    scanner arrives, so what was last said is no answer to it."""
    links = {device.name: device.link for device in view.devices}
    away = [name for name in station.readers if links.get(name, "up") != "up"]
    if not away:
        return None
    return {
        "state": "refused",
        "title": t("The scanner is away: scans do not arrive"),
        "why": ", ".join(t.title(name) for name in away),
        "entirely": away[0] == station.readers[0],
    }


def _prompt(prompt: Prompt | None, t: Words, zone: ZoneInfo) -> Plain | None:
    if prompt is None:
        return None
    return {
        "text": _sentence(prompt.saying, t, zone),
        "what": _asked(prompt, t),
        "step": t("Step {step} of {steps}", step=prompt.step, steps=prompt.steps),
        "choices": [
            {"command": command.value, "argument": argument, "label": _choice(command, argument, t)}
            for command, argument in prompt.choices
        ],
    }


def _asked(prompt: Prompt, t: Words) -> str:
    """What was asked for: whoever gives leave must know for what."""
    if prompt.command is None:
        return ""
    label = t(COMMANDS[prompt.command].label)
    argument = prompt.argument and _choice(prompt.command, prompt.argument, t)
    return f"{label}: {argument}" if argument else label


def _choice(command: Command, argument: str, t: Words) -> str:
    """A reason in words; an order by its number, as it is."""
    if command is Command.DECOMMISSION and argument in DECOMMISSION:
        return t(DECOMMISSION[argument])
    return argument or t(COMMANDS[command].label)


def _boxes(station: StationView) -> tuple[Box | None, list[Box]]:
    """The one that is being filled, of the lowest level; and the others."""
    rank = {level: index for index, level in enumerate(station.levels)}

    def order(box: Box) -> tuple[bool, int, int]:
        return (_is_full(box), rank.get(box.level, len(rank)), -box.id)

    ordered = sorted(station.boxes, key=order)
    return (ordered[0], sorted(ordered[1:], key=lambda box: box.id)) if ordered else (None, [])


def _is_full(box: Box) -> bool:
    return box.count >= box.capacity


def _box(box: Box, view: LineView, t: Words) -> Plain:
    return {
        **_box_short(box, view, t),
        "cells": list(box.children),
        "per_layer": box.per_layer,
        "layer": box.per_layer
        and t(
            "Layer {layer} of {layers}",
            layer=min(box.count // box.per_layer + 1, -(-box.capacity // box.per_layer)),
            layers=-(-box.capacity // box.per_layer),
        ),
    }


def _box_short(box: Box, view: LineView, t: Words) -> Plain:
    printers = [device for device in view.devices if device.role == "printer"]
    is_held_up = any(device.link != "up" or device.fault is not None for device in printers)
    label = "held-up" if box.label == "printing" and is_held_up else box.label
    return {
        "id": box.id,
        "level": _capital(t.title(box.level)),
        "count": box.count,
        "capacity": box.capacity,
        "full": _is_full(box),
        "key": short(box.key or ""),
        "label": box.label,
        "label_text": t(LABELS[label]) if label in LABELS else "",
    }


def _counters(station: StationView, t: Words) -> list[Plain]:
    return [
        {"name": name, "label": t(COUNTERS.get(name, name)), "n": count}
        for name, count in station.counters.items()
    ]


def _order(view: LineView, t: Words) -> Plain:
    order, names = view.order, {product.gtin: product.name for product in view.products}
    if order is None:
        only = view.products[0].name if len(view.products) == 1 else ""
        return {"id": view.order_name, "product": only, "batch": "", "done": 0, "target": 0}
    return {
        "id": order.id,
        "product": names.get(order.gtin) or order.gtin,
        "batch": t("Batch {batch}", batch=order.batch) if order.batch else "",
        "made": order.made,
        "expiry": order.expiry,
        "done": order.done,
        "target": order.target,
    }


def _orders(view: LineView, t: Words) -> list[Plain]:
    names = {product.gtin: product.name for product in view.products}

    def plain(order: OrderView) -> Plain:
        return {
            "id": order.id,
            "product": names.get(order.gtin) or order.gtin,
            "batch": t("Batch {batch}", batch=order.batch) if order.batch else "",
            "done": order.done,
            "target": order.target,
            "current": view.order is not None and order.id == view.order.id,
        }

    return [plain(order) for order in view.orders if not order.ended][:ORDERS]


def _lamp(device: DeviceView, t: Words) -> Plain:
    kind = t(DEVICES[device.role]) if device.role in DEVICES else device.role
    return {
        "name": device.name,
        "title": t.title(device.name),
        "kind": kind,
        "state": device.link,
        "word": t(LINKS[device.link]) if device.link in LINKS else device.link,
        "fault": t.saying(device.fault) if device.fault else "",
        "waiting": device.waiting,
    }


def _hq(waiting: int | None, t: Words) -> Plain:
    if waiting is None:
        return {"state": "none", "word": "—"}
    return {
        "state": "up" if waiting == 0 else "connecting",
        "word": t("all sent") if waiting == 0 else t("{count} wait", count=waiting),
    }


def _reason_word(name: str, t: Words) -> str:
    return next((t(trouble.word) for reason, trouble in REASONS.items() if reason == name), name)


def _sentence(saying: Saying, t: Words, zone: ZoneInfo) -> str:
    """`saying` as people read it: codes by their serials, times by the line's clock, and a capital
    in front unless a code stands there."""
    given = {gap: _human(value, zone) for gap, value in saying.given.items()}
    text = t.saying(Saying(saying.text, given))
    return text if t(saying.text).startswith(_CODE_FIRST) else _capital(text)


def _human(value: str | int, zone: ZoneInfo) -> str | int:
    if not isinstance(value, str):
        return value
    return _when(value, zone) if _MOMENT.fullmatch(value) else short(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _clock(at: str, now: str, zone: ZoneInfo) -> str:
    """The time alone, if it is today's."""
    then, today = (datetime.fromisoformat(each).astimezone(zone) for each in (at, now))
    return f"{then:%H:%M:%S}" if then.date() == today.date() else f"{then:%m-%d %H:%M}"


def _when(at: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(at).astimezone(zone).strftime("%m-%d %H:%M:%S")
