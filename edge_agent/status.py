"""`edge-agent status`: what the running roles say of themselves."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge_agent.config import LineConfig
from edge_agent.control import ControlError, ask


def show_status(config: LineConfig, *, as_json: bool) -> bool:
    """Print the state of the line role, and of the cameras and the sync role that are configured.

    True if all of them answered.
    """
    roles = ["line", *(f"camera-{name}" for name in config.cameras)]
    roles += ["sync"] if config.sync else []
    answers: dict[str, dict[str, Any]] = {}
    for role in roles:
        try:
            answers[role] = ask(config.control_path(role), "status")
        except ControlError as error:
            answers[role] = {"error": str(error)}
    console = Console()
    if as_json:
        console.print_json(json.dumps(answers))
    else:
        for role, answer in answers.items():
            _show_role(console, role, answer)
    return not any("error" in answer for answer in answers.values())


def _show_role(console: Console, role: str, answer: dict[str, Any]) -> None:
    if "error" in answer:
        console.print(f"[red]{role}: {escape(answer['error'])}[/]")
        return
    if answer.get("halted"):
        console.print(f"[bold red]halted, nothing is passed: {escape(answer['halted'])}[/]")
    for name, gate in answer.pop("gates", {}).items():
        for line in _gate_lines(name, gate):
            console.print(line)
    if answer.get("role") == "camera":
        for line in _camera_lines(answer):
            console.print(line)
    for name, device in answer.pop("devices", {}).items():
        colour = "green" if device["link"] == "up" else "red"
        lost = f", lost {device['losses']} times" if device["losses"] else ""
        detail = escape(device["detail"])
        console.print(f"[{colour}]{name} {device['link']}[/] {detail}{lost}")
    table = Table("", "", title=role, show_header=False)
    for key, value in answer.items():
        if key not in ("role", "line"):
            table.add_row(key, _short(value))
    console.print(table)


def _gate_lines(name: str, gate: dict[str, Any]) -> Iterator[str]:
    """What a person at the gate must know first: whether it passes anything, and why not."""
    name = escape(name)
    if gate["stopped"]:
        yield f"[bold red]gate {name} STOPPED[/] {escape(gate['stopped'])}"
        yield "  everything is rejected until: edge-agent release CONFIG --by NAME --reason TEXT"
    if gate["refusal"]:
        yield f"[bold red]gate {name} REFUSED[/] {escape(gate['refusal'])}"
    elif not gate["armed"]:
        yield f"[bold red]gate {name} NOT ARMED[/] no session with the PLC: everything is rejected"
    elif not gate["stopped"]:
        yield f"[green]gate {name} armed[/] {gate['pending']} items on the way to it"
    if gate["conditions"]:
        yield f"[yellow]gate {name} reports[/] {', '.join(gate['conditions'])}"


def _camera_lines(answer: dict[str, Any]) -> Iterator[str]:
    """Whether it sees, and what will soon keep it from reading."""
    name, fault = escape(answer["camera"]), answer.pop("fault")
    if fault:
        yield f"[bold red]camera {name} DOES NOT SEE[/] {escape(fault)}"
    else:
        yield f"[green]camera {name} sees[/] {answer['fps']} frames a second"
    for warning in answer["quality"].pop("warnings"):
        yield f"[yellow]camera {name} warns[/] {escape(warning)}"
    if trouble := answer["evidence"].pop("trouble"):
        yield f"[yellow]camera {name} evidence[/] {escape(trouble)}"
    if lamp := answer["lamp"].pop("fault"):
        yield f"[yellow]camera {name} lamp[/] {escape(lamp)}"


def _short(value: object) -> str:
    if not isinstance(value, dict):
        return "-" if value is None else str(value)
    parts = []
    for key, each in value.items():
        if isinstance(each, dict):
            inner = ", ".join(
                f"{k} {v:.0f}" if isinstance(v, float) else f"{k} {v}" for k, v in each.items()
            )
            parts.append(f"{key}: {inner}")
        else:
            parts.append(f"{key}: {each}")
    return "\n".join(parts) or "-"
