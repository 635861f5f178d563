"""How the line is doing, as numbers: for Prometheus and for `edge-agent status`."""

import statistics
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from drivers.protocols import DeviceState, Link

STEPS = ("decided", "committed", "acknowledged")
"""Of a read that is accepted, each measured from the moment it was received."""
_BUCKETS_S = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
_KEPT = 2_000
"""Latest durations from which `status` shows percentiles."""


class Latency:
    """Time from a read's arrival to each step of its way."""

    def __init__(self, registry: CollectorRegistry) -> None:
        histogram = Histogram(
            "edge_agent_read_seconds",
            "Time from a read's arrival until it was decided, committed, acknowledged by the PLC",
            ["step"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._histograms = {step: histogram.labels(step) for step in STEPS}
        self._recent: dict[str, deque[int]] = {step: deque(maxlen=_KEPT) for step in STEPS}

    def observe(self, step: str, duration_us: int) -> None:
        self._histograms[step].observe(duration_us / 1e6)
        self._recent[step].append(duration_us)

    def facts(self) -> dict[str, dict[str, float]]:
        """Percentiles of the latest durations in microseconds; a step never reached is absent."""
        facts: dict[str, dict[str, float]] = {}
        for step, durations in self._recent.items():
            if len(durations) >= 2:
                cuts = statistics.quantiles(durations, n=100, method="inclusive")
                facts[step] = {"n": len(durations), "p50_us": cuts[49], "p99_us": cuts[98]}
        return facts


class StatusCollector(Collector):
    """The role's status as Prometheus metrics: what people see and what is scraped is one thing."""

    def __init__(self, facts: Callable[[], dict[str, Any]]) -> None:
        self._facts = facts

    def describe(self) -> Iterator[Metric]:
        """Nothing to tell before the line runs."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        facts = self._facts()
        events = CounterMetricFamily("edge_agent_events", "Ledger events by kind", labels=["kind"])
        for kind, count in facts["tally"].items():
            events.add_metric([kind], count)
        yield events
        rereads = CounterMetricFamily(
            "edge_agent_rereads", "Suppressed re-reads", labels=["station"]
        )
        for station, count in facts["suppressed"].items():
            rereads.add_metric([station], count)
        yield rereads
        up = GaugeMetricFamily(
            "edge_agent_device_up", "1 while the device answers", labels=["device"]
        )
        for name, device in facts["devices"].items():
            up.add_metric([name], device["link"] == Link.UP)
        yield up
        armed = GaugeMetricFamily(
            "edge_agent_gate_armed",
            "1 while a session with the PLC is in force",
            labels=["station"],
        )
        stopped = GaugeMetricFamily(
            "edge_agent_stopped", "1 until a person releases the line", labels=["station"]
        )
        for station, gate in facts["gates"].items():
            armed.add_metric([station], gate["armed"])
            stopped.add_metric([station], gate["stopped"] is not None)
        yield armed
        yield stopped
        yield GaugeMetricFamily(
            "edge_agent_halted", "1 while nothing is passed", value=facts["halted"] is not None
        )
        yield GaugeMetricFamily("edge_agent_queue", "Inputs waiting", value=facts["queue"]["now"])
        for name in ("overflows", "refused_reads", "lost_verdicts", "unanswered"):
            value = facts["queue"][name] if name == "overflows" else facts[name]
            yield CounterMetricFamily(f"edge_agent_{name}", "Losses by their name", value=value)


def device_facts(state: DeviceState) -> dict[str, Any]:
    """A device's state as JSON values."""
    return {
        "link": state.link.value,
        "detail": state.detail,
        "losses": state.losses,
        "dropped_bytes": state.dropped_bytes,
    }


def serve_metrics(port: int, registry: CollectorRegistry) -> None:
    """Offer `registry` on loopback, in a thread of its own."""
    start_http_server(port, addr="127.0.0.1", registry=registry)
