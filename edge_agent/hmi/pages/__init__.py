"""The pages. Each module has ``add(site)``, which declares its routes."""

from collections.abc import Callable

from edge_agent.hmi.pages import overview, pictures, station
from edge_agent.hmi.site import Site

PAGES: tuple[Callable[[Site], None], ...] = (overview.add, station.add, pictures.add)
