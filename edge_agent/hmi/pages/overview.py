"""The line at a glance: ``/``."""

from fastapi import Request
from nicegui import ui

from edge_agent.hmi.live import Live, follow, page_head
from edge_agent.hmi.screen import Plain, overview_screen
from edge_agent.hmi.site import Site
from edge_agent.hmi.taste import theme_of, words_for
from edge_agent.hmi.texts import overview_texts


def add(site: Site) -> None:
    """Declare the page."""

    @ui.page("/")
    async def overview(request: Request) -> None:
        t = words_for(request, None, site.config)
        page_head(theme_of(request))
        texts = overview_texts(site.config, t)

        def screen() -> Plain:
            view = site.line.view
            if view is None:
                return {}
            plain = overview_screen(view, site.throughput.per_minute(), t, site.zone)
            return {"beat": site.line.heard, **plain}

        live = Live("overview", texts, screen())
        follow(site.line, live, lambda: live.show(texts, screen()))
