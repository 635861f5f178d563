"""What every page is given: the line's configuration, its connection, and who is at a browser."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from edge_agent.config import LineConfig
from edge_agent.hmi.line_link import LineLink
from edge_agent.hmi.papers import Papers
from edge_agent.hmi.pins import Pins
from edge_agent.hmi.sessions import Sessions
from edge_agent.hmi.throughput import Throughput


@dataclass(frozen=True, slots=True)
class Site:
    """One line's pages."""

    config: LineConfig
    line: LineLink
    pins: Pins
    sessions: Sessions
    papers: Papers
    throughput: Throughput = field(default_factory=Throughput)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.config.line.time_zone)
