"""The demo's screens: where they are, who may sign in there, and a browser to look at them."""

import os
import webbrowser

import requests
from rich.console import Console

from edge_agent.config import LineConfig
from edge_agent.control import ask
from edge_agent.people.secrets import badge_digest, hash_pin, new_badge

SUPERVISOR, WORKER = "supervisor", "worker"
SUPERVISORS_PIN = "1234"
"""Of a line that is simulated, on loopback, and gone with the demo."""
_TIMEOUT_S = 5


def address(config: LineConfig) -> str:
    """Of the overview of the line."""
    return f"http://127.0.0.1:{config.hmi.port}"


def are_up(config: LineConfig) -> bool:
    """Whether the pages are served."""
    try:
        return requests.get(f"{address(config)}/", timeout=_TIMEOUT_S).ok
    except requests.RequestException:
        return False


def hire(config: LineConfig) -> str:
    """Give the supervisor a PIN and the rework table's worker a badge. What the badge says."""
    badge = new_badge()
    for person, by, new in (
        (
            SUPERVISOR,
            None,
            {
                "name": "Demo Supervisor",
                "role": "supervisor",
                "pin_hash": hash_pin(SUPERVISORS_PIN),
            },
        ),
        (
            WORKER,
            SUPERVISOR,
            {"name": "Demo Worker", "role": "operator", "badge_digest": badge_digest(badge)},
        ),
    ):
        ask(
            config.control_path("line"),
            "edit",
            subject="person",
            id=person,
            new=new,
            by=by,
            why="the demo begins",
        )
    return badge


def present(config: LineConfig, console: Console) -> None:
    """Say where the screens are, and open them where there is somebody to see them."""
    where = address(config)
    console.print(
        f"screens: {where}, sign in as Demo Supervisor with PIN {SUPERVISORS_PIN}", markup=False
    )
    if console.is_terminal and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(where)
