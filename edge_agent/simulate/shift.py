"""A shift before it begins: one seed draws the line, what is wrong with it, and how it is run.

The line is written as its configuration and goes through the product's own checks, so that no
shift runs on a line that a person could not have configured.
"""

import random
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from drivers.registry import config_model
from drivers.sim.codes import PRODUCT
from drivers.sim.layout import Layout, draw_layout
from drivers.sim.script import PRODUCT_FAULTS, Fault, least_spacing_ms
from edge_agent.config import LineConfig
from edge_agent.core.events import StopCause
from edge_agent.core.names import StationName
from edge_agent.gate_config import Gate

BELT, PACKING = StationName("belt"), StationName("packing")


class Outage(StrEnum):
    """What may go wrong around the belt; what goes wrong on it is `Fault`."""

    AGENT_KILL = "agent-kill"
    """The agent's process dies, at any point of its work, and is started again."""
    AGENT_PAUSE = "agent-pause"
    """It stands still for 50 ms to 2 s and then finds everything at once."""
    DISK_FULL = "disk-full"
    DISK_SLOW = "disk-slow"
    """Commits take up to 300 ms."""
    LINK_DROP = "link-drop"
    """The connection breaks, and comes back after up to 3 s."""
    LINK_MUTE = "link-mute"
    """Nothing gets through for up to 3 s, and nobody is told."""
    LOST_REQUEST = "lost-request"
    LOST_ANSWER = "lost-answer"
    """The PLC did what it was asked, and the agent cannot know."""
    LATE_WRITE = "late-write"
    """Something on the way keeps a write and delivers it long after the agent gave it up."""
    TORN_WRITE = "torn-write"
    """A scan of the PLC falls between two words of one write."""
    SLOW_NET = "slow-net"
    """Requests take many times as long for a while."""
    PLC_RESTART = "plc-restart"
    PLC_RESTART_LATE_VERDICT = "plc-restart-late-verdict"
    """The PLC restarts with a verdict on its way, which arrives when it counts again."""
    SCANNER_UNPLUG = "scanner-unplug"
    PACKER_AWAY = "packer-away"
    SAME_SESSION = "same-session"
    """The numbers that the agent draws for sessions come again and again."""


AGENTS_OWN = frozenset({Fault.SCANNER_UNPLUG, Fault.PLC_DROP})
"""Faults of the script that happen to sockets; here they are outages."""
MISHAPS = tuple(each for each in Fault if each not in PRODUCT_FAULTS and each not in AGENTS_OWN)


@dataclass(frozen=True)
class Shift:
    """One line on one day."""

    seed: int
    items: int
    layout: Layout
    faults: frozenset[Fault]
    outages: frozenset[Outage]
    config: LineConfig
    mean_spacing_ms: float
    items_before: int
    first_start: int
    count_before: int
    obeys_run: bool
    cable_us: tuple[int, int]
    """From the scanner to the agent."""
    request_us: tuple[int, int]
    """One way between agent and PLC."""
    timeout_us: int
    """After which a Modbus request is given up."""
    commit_us: tuple[int, int]
    repeats: int = 1
    """Each kind of outage comes so many times as often."""

    @cached_property
    def gate(self) -> Gate:
        (gate,) = (station.gate for station in self.config.stations if station.gate)
        return gate

    def describe(self) -> str:
        """The line in words."""
        gate, stop = self.gate, self.gate.stop
        layout = self.layout
        kinds = ", ".join(sorted(map(str, self.faults | self.outages)))
        causes = ", ".join(sorted(stop.on))
        return (
            f"{self.items} items after {self.items_before}, {self.mean_spacing_ms:.0f} ms apart; "
            f"belt {layout.speed_mm_s} mm/s by {layout.step}, PLC cycle {layout.scan_us} us, "
            f"{'obeys' if self.obeys_run else 'does not obey'} RUN; poll {gate.poll_ms} ms, window "
            f"{gate.read_window_ms} ms, beat {gate.heartbeat_ms} ms, link {gate.link_timeout_ms} "
            f"ms, {gate.map.slots} slots; stops after {stop.in_a_row} in a row, {stop.count} of "
            f"{stop.of_last}, on {causes or 'nothing'}; faults: {kinds or 'none'}"
        )


def draw_shift(
    seed: int,
    *,
    items: int | None = None,
    kinds: frozenset[Fault | Outage] | None = None,
    repeats: int = 1,
) -> Shift:
    """The shift of `seed`. `items` and `kinds` (all that may go wrong) override what it draws."""
    chance = random.Random(seed)  # noqa: S311  a shift that can be repeated, not a secret
    drawn_items = draw_items(chance)
    drawn = _draw_kinds(chance)
    wanted = drawn if kinds is None else kinds
    layout, cable_us, poll_ms, window_ms = _draw_line(chance)
    # What the poll's interval is made of must be small beside the poll itself.
    fastest_us = chance.randrange(50, 400, 50)
    request_us = fastest_us, fastest_us + chance.randrange(100, max(150, 100 * poll_ms), 50)
    fastest_commit_us = chance.randrange(100, 500, 50)
    heartbeat_ms = max(poll_ms, chance.choice((20, 50, 100, 100)))
    mean_ms = least_spacing_ms(layout) * chance.uniform(1.005, 1.3)
    return Shift(
        seed=seed,
        items=items or drawn_items,
        layout=layout,
        faults=frozenset(each for each in wanted if isinstance(each, Fault)),
        outages=frozenset(each for each in wanted if isinstance(each, Outage)),
        config=_configure(chance, layout, poll_ms, window_ms, heartbeat_ms),
        mean_spacing_ms=mean_ms,
        items_before=_near_an_edge(chance, 65_536),
        first_start=_near_an_edge(chance, 65_535) + 1,
        count_before=_near_an_edge(chance, 1 << 32),
        obeys_run=chance.random() < 0.6,
        cable_us=cable_us,
        request_us=request_us,
        timeout_us=1_000 * chance.choice((100, 200, 500)),
        commit_us=(fastest_commit_us, fastest_commit_us + chance.randrange(100, 2_000, 100)),
        repeats=repeats,
    )


def draw_items(chance: random.Random) -> int:
    """How long a shift is: the first thing that its seed draws."""
    return chance.choice((200, 400, 800, 1_200, 2_000))


def _near_an_edge(chance: random.Random, count: int) -> int:
    """A number below `count`: often one of the first or of the last."""
    edge = chance.random()
    if edge < 0.4:
        return chance.randrange(0, 40)
    if edge < 0.8:
        return count - 1 - chance.randrange(0, 1_000)
    return chance.randrange(count)


def _draw_kinds(chance: random.Random) -> frozenset[Fault | Outage]:
    """Nothing at all, a few things alone, or many at once."""
    # The script's own share of bad products comes in nearly every shift.
    kinds: set[Fault | Outage] = {each for each in PRODUCT_FAULTS if chance.random() < 0.9}
    others: list[Fault | Outage] = [*MISHAPS, *Outage]
    share = chance.random()
    if share < 0.05:
        return frozenset()
    if share < 0.5:
        kinds.update(chance.sample(others, chance.randint(1, 3)))
    else:
        likely = chance.uniform(0.1, 0.6)
        kinds.update(each for each in others if chance.random() < likely)
    return frozenset(kinds)


def _draw_line(chance: random.Random) -> tuple[Layout, tuple[int, int], int, int]:
    """A belt, the scanner's cable, and a poll and a read window that the belt leaves room for."""
    # A slow line shows nothing that a fast one does not, and takes longer.
    layouts = [draw_layout(chance, chance.choice(("time", "encoder"))) for _ in range(3)]
    layout = min(layouts[: chance.choice((1, 3, 3))], key=lambda each: each.spacing_us)
    shortest_us = chance.randrange(100, 2_000, 100)
    cable_us = shortest_us, shortest_us + chance.randrange(0, 3_000, 100)
    window_ms = -(-(layout.read_us[1] + cable_us[1]) // 1_000)
    while _min_spacing_ms(layout) < window_ms + 6:
        layout = replace(layout, more_spacing_mm=layout.more_spacing_mm + 5)
    longest_ms = min(40, (_min_spacing_ms(layout) - window_ms) // 2)
    poll_ms = chance.randint(max(3, longest_ms // 2), longest_ms)
    return layout, cable_us, poll_ms, window_ms


def _min_spacing_ms(layout: Layout) -> int:
    seen_ms = layout.parameters.spacing_steps * 1_000 // _fastest_steps_per_s(layout)
    return min(layout.spacing_us // 1_000, seen_ms)


def _fastest_steps_per_s(layout: Layout) -> int:
    if layout.step == "time":
        return 1_000
    return int(layout.speed_mm_s * (1 + layout.drift) * layout.counts_per_mm) + 1


def _configure(
    chance: random.Random, layout: Layout, poll_ms: int, window_ms: int, heartbeat_ms: int
) -> LineConfig:
    belt = {
        name: getattr(layout.parameters, name)
        for name in (
            "travel_steps", "hold_steps", "bounce_steps", "spacing_steps", "tolerance_steps",
            "decide_steps", "confirm_from_ms", "confirm_until_ms", "eject_bounce_ms",
        )
    }  # fmt: skip
    if layout.step == "encoder":
        belt["fastest_steps_per_s"] = _fastest_steps_per_s(layout)
    length = belt["travel_steps"] + belt["tolerance_steps"] + belt["decide_steps"]
    least_slots = 2 * (length // belt["spacing_steps"] + 1)
    gate = {
        "plc": "plc",
        "poll_ms": poll_ms,
        "read_window_ms": window_ms,
        "min_spacing_ms": _min_spacing_ms(layout),
        "heartbeat_ms": heartbeat_ms,
        "link_timeout_ms": chance.choice(
            (300, 1_000, max(50, 2 * heartbeat_ms + 2 * poll_ms), 2_000)
        ),
        "map": {"slots": chance.choice([s for s in (32, 64, 128, 256, 512) if s >= least_slots])},
        "belt": {"step": layout.step, **belt},
        "stop": _draw_stop(chance),
    }
    case, pallet = r"000\d{17}", r"001\d{17}"
    return LineConfig.model_validate(
        {
            "line": {"name": "simulated", "queue_size": chance.choice((16, 64, 4_096, 4_096))},
            "products": [{"gtin": PRODUCT}],
            "levels": [
                _level("unit", ["01", "21"]),
                _level("case", ["00"], case, capacity=chance.randint(4, 24), waiting=20),
                _level("pallet", ["00"], pallet, capacity=chance.randint(2, 6), waiting=5),
            ],
            "devices": {
                "belt-scanner": _scanner("tcp://127.0.0.1:1"),
                "packing-scanner": _scanner("tcp://127.0.0.1:2"),
                "plc": config_model("modbus-tcp").model_validate({"url": "tcp://127.0.0.1:3"}),
            },
            "stations": [
                {
                    "name": BELT,
                    "scanner": "belt-scanner",
                    "reads": ["unit"],
                    "reread_ms": 500,
                    "gate": gate,
                },
                {
                    "name": PACKING,
                    "scanner": "packing-scanner",
                    "reads": ["case", "pallet"],
                    "reread_ms": 1_000,
                },
            ],
        }
    )


def _level(name: str, requires: list[str], pattern: str | None = None, **keys: int) -> Any:
    form: dict[str, Any] = {"kind": "gs1", "requires": requires}
    if pattern is not None:
        form["pattern"] = pattern
    return {"name": name, "codes": [form], **keys}


def _scanner(url: str) -> Any:
    return config_model("scanner").model_validate({"url": url, "suffix": "\r"})


def _draw_stop(chance: random.Random) -> dict[str, Any]:
    """Half of the lines never stop by themselves."""
    if chance.random() < 0.5:
        return {}
    # Of the others two are numbers, and one is told when a shift of the calendar ends.
    causes = [
        each.value
        for each in StopCause
        if each is not StopCause.DIFFERENCE and "rejects" not in each.value
    ]
    return {
        "in_a_row": chance.choice((0, 0, 3, 5)),
        "count": chance.choice((0, 0, 20)),
        "on": [each for each in causes if chance.random() < 0.4],
    }
