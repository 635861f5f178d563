"""The pages. Each module has ``add(site)``, which declares its routes."""

from collections.abc import Callable

from edge_agent.hmi.pages import (
    audit,
    orders,
    overview,
    people,
    pictures,
    printers,
    products,
    reports,
    sign_in,
    station,
)
from edge_agent.hmi.site import Site

PAGES: tuple[Callable[[Site], None], ...] = (
    overview.add,
    station.add,
    pictures.add,
    sign_in.add,
    orders.add,
    products.add,
    people.add,
    audit.add,
    printers.add,
    reports.add,
)
