"""`edge-agent trace`: one code's place in the tree and its history, from the ledger or from HQ."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import requests
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from edge_agent.config import LineConfig
from edge_agent.core import codes
from edge_agent.core.codes import CodeError
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import LedgerReader
from edge_agent.ledger.tree import Node
from edge_agent.plan import line_plan
from sync.uploader import RefusedError, read_token

SHOWN_CHILDREN = 200
"""Children of one container that are printed; the others are counted."""


class TraceError(Exception):
    """The code cannot be traced; the message says what was looked for and where."""


def trace_in_ledger(config: LineConfig, text: str) -> None:
    """Print the code `text` (as read, or its key; also a thing's second code) from the local
    ledger."""
    key = _key(config, text)
    try:
        with LedgerReader(config.ledger_path) as ledger:
            key = ledger.own_key(key)
            node = ledger.node(key)
            rows = ledger.concerning(key)
            if node is None and not rows:
                raise TraceError(f"{config.ledger_path}: nothing is known of {key!r}")
            console = Console()
            if node is not None:
                console.print(_ledger_tree(ledger, node))
            console.print(_events((row.seq, json.loads(row.body)) for row in rows))
    except LedgerError as error:
        raise TraceError(str(error)) from None


def _key(config: LineConfig, text: str) -> str:
    plan = line_plan(config)
    for level in plan.levels:
        if level.pair is not None and (match := level.pair.pattern.fullmatch(text)):
            return codes.second(text, level.name, match).key
    try:
        return codes.parse(text, plan.forms).key
    except CodeError:
        return text


def _ledger_tree(ledger: LedgerReader, node: Node) -> Tree:
    """`node` under the containers it lies in, with everything it holds."""
    above: list[str] = []
    inside = node.inside
    while inside is not None:
        container = ledger.container(inside)
        if container is None:
            break
        above.append(f"{container.level} {container.key or f'[dim](open container {inside})[/]'}")
        parent = ledger.node(container.key) if container.key else None
        inside = parent.inside if parent else None
    root: Tree | None = None
    branch: Tree | None = None
    for label in reversed(above):
        branch = branch.add(label) if branch is not None else (root := Tree(label))
    label = f"[bold]{node.level} {node.key}[/] {node.state}"
    own = branch.add(label) if branch is not None else Tree(label)
    _add_children(ledger, own, node)
    return root or own


def _add_children(ledger: LedgerReader, branch: Tree, node: Node) -> None:
    if node.holds is None:
        return
    children = ledger.children(node.holds)
    for child in children[:SHOWN_CHILDREN]:
        _add_children(ledger, branch.add(f"{child.level} {child.key}"), child)
    if len(children) > SHOWN_CHILDREN:
        branch.add(f"[dim]and {len(children) - SHOWN_CHILDREN} more[/]")


def _events(events: Iterable[tuple[int, dict[str, Any]]]) -> Table:
    table = Table("event", "at", "station", "what", title="events")
    for seq, body in events:
        rest = {k: v for k, v in body.items() if k not in ("kind", "at", "station", "children")}
        what = ", ".join(f"{k} {v}" for k, v in rest.items())
        if "children" in body:
            what += f", {len(body['children'])} children"
        table.add_row(str(seq), body["at"], body["station"], f"{body['kind']}: {what}")
    return table


def trace_at_hq(config: LineConfig, text: str) -> None:
    """Print the code `text` as HQ knows it, over all lines."""
    if config.sync is None:
        raise TraceError("the configuration has no [sync] section, so HQ is unknown")
    url = f"{config.sync.hq_url.rstrip('/')}/trace/{quote(text, safe='')}"
    try:
        token = read_token(config.sync.token_file)
        answer = requests.get(
            url, headers={"Authorization": f"Bearer {token}"}, timeout=config.sync.timeout_s
        )
        found = answer.json()
    except RefusedError as error:
        raise TraceError(str(error)) from None
    except (OSError, ValueError) as error:
        raise TraceError(f"HQ at {config.sync.hq_url} gave no usable answer: {error}") from None
    if answer.status_code != requests.codes.ok:
        raise TraceError(f"HQ at {config.sync.hq_url}: {answer.status_code} {found}")
    Console().print_json(json.dumps(found))
