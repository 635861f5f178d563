"""What HQ answers about what it holds. Each function reads one connection and returns JSON data."""

import json
from typing import Any

from sqlite_utils import Database

MAX_RELATIVES = 10_000
"""Descendants that one trace lists; the others are counted."""
MAX_EVENTS = 1_000
"""Events that one trace lists, the latest; the others are counted."""

_NODE = (
    "SELECT n.key, n.level, n.state, n.text, n.inside, c.key AS parent, n.holds "
    "FROM node AS n LEFT JOIN container AS c ON c.agent_id = n.agent_id AND c.id = n.inside "
)
# UNION, not UNION ALL: a tree that a faulty agent tied into a ring is walked once.
_BELOW = (
    "WITH RECURSIVE below (key, holds) AS ("
    "SELECT key, holds FROM node WHERE agent_id = :agent AND inside = :holds UNION "
    "SELECT n.key, n.holds FROM below JOIN node AS n "
    "ON n.agent_id = :agent AND n.inside = below.holds) "
)
_COUNT_DESCENDANTS = f"{_BELOW} SELECT count(*) FROM below"  # noqa: S608 constants only
_DESCENDANTS = _BELOW + (  # noqa: S608 constants only
    "SELECT n.key, n.level, n.state, n.inside, c.key AS parent "
    "FROM (SELECT key FROM below LIMIT :limit) AS b "
    "JOIN node AS n ON n.agent_id = :agent AND n.key = b.key "
    "LEFT JOIN container AS c ON c.agent_id = n.agent_id AND c.id = n.inside"
)


def agents(db: Database) -> list[dict[str, Any]]:
    """Every agent, by name, as `agent` shows it."""
    return [_agent(db, row) for row in db["agent"].rows_where(order_by="name")]


def agent(db: Database, name: str) -> dict[str, Any] | None:
    """How far the agent is, what it sent, and what is wrong; None for one that never sent."""
    row = next(db["agent"].rows_where("name = ?", [name]), None)
    return _agent(db, row) if row else None


def tree(db: Database, name: str, after: str, limit: int) -> dict[str, Any] | None:
    """Up to `limit` of the agent's codes that follow key `after`, in key order.

    `inside` is the container a code lies in and `parent` that container's code (None while it is
    open), `holds` the container the code names. `next` is the `after` of the following page.
    """
    row = next(db["agent"].rows_where("name = ?", [name]), None)
    if row is None:
        return None
    nodes = list(
        db.query(
            f"{_NODE} WHERE n.agent_id = ? AND n.key > ? ORDER BY n.key LIMIT ?",
            [row["id"], after, limit],
        )
    )
    return {"nodes": nodes, "next": nodes[-1]["key"] if len(nodes) == limit else None}


def containers(db: Database, name: str, after: int, limit: int) -> dict[str, Any] | None:
    """Up to `limit` of the agent's containers after number `after`; `key` is None for one that has
    no code yet, `state` open, parked or closed."""
    row = next(db["agent"].rows_where("name = ?", [name]), None)
    if row is None:
        return None
    found = list(
        db.query(
            "SELECT id, level, key, closed_seq, state FROM container "
            "WHERE agent_id = ? AND id > ? ORDER BY id LIMIT ?",
            [row["id"], after, limit],
        )
    )
    return {"containers": found, "next": found[-1]["id"] if len(found) == limit else None}


def events(db: Database, name: str, after: int, limit: int) -> dict[str, Any] | None:
    """Up to `limit` of the agent's events that follow number `after`, as the line wrote them."""
    row = next(db["agent"].rows_where("name = ?", [name]), None)
    if row is None:
        return None
    found = [
        {"seq": seq, "body": body, "hash": value.hex()}
        for seq, body, value in db.conn.execute(
            "SELECT seq, body, hash FROM journal WHERE agent_id = ? AND seq > ? "
            "ORDER BY seq LIMIT ?",
            (row["id"], after, limit),
        )
    ]
    return {"events": found, "next": found[-1]["seq"] if len(found) == limit else None}


def trace(db: Database, code: str) -> list[dict[str, Any]]:
    """Each agent's node of `code`, which may be a key, a thing's second code, or a text as it was
    read.

    A node has its ancestors bottom up, its descendants (each with its parent), and the events
    that concern it. A code that was only ever rejected has events and no state.
    """
    names = {row["id"]: row["name"] for row in db["agent"].rows}
    found = {(agent_id, code) for agent_id in names if _is_known(db, agent_id, code)}
    found |= {
        (row["agent_id"], row["key"])
        for row in db.query(
            "SELECT agent_id, key FROM node WHERE text = :code "
            "UNION SELECT agent_id, key FROM alias WHERE also = :code",
            {"code": code},
        )
    }
    return [
        {"agent": names[agent_id], **_traced(db, agent_id, key)}
        for agent_id, key in sorted(found, key=lambda item: (names[item[0]], item[1]))
    ]


def _agent(db: Database, row: dict[str, Any]) -> dict[str, Any]:
    of_agent = ("agent_id = ?", [row["id"]])
    return {
        "agent": row["name"],
        "cursor": row["cursor"],
        "head": row["head"].hex(),
        "last_received_at": row["last_received_at"],
        "events": {r["kind"]: r["events"] for r in db["tally"].rows_where(*of_agent)},
        "holes": [
            {name: r[name] for name in ("from_seq", "to_seq", "reason", "at")}
            for r in db["hole"].rows_where(*of_agent, order_by="from_seq")
        ],
        "alarms": [
            {name: r[name] for name in ("kind", "seq", "detail", "first_at", "last_at", "times")}
            for r in db["alarm"].rows_where(*of_agent, order_by="last_at desc", limit=100)
        ],
    }


def _is_known(db: Database, agent_id: int, key: str) -> bool:
    return any(
        db.query(
            "SELECT 1 FROM node WHERE agent_id = :agent AND key = :key "
            "UNION ALL SELECT 1 FROM rejection WHERE agent_id = :agent AND key = :key LIMIT 1",
            {"agent": agent_id, "key": key},
        )
    )


def _traced(db: Database, agent_id: int, key: str) -> dict[str, Any]:
    node = _node(db, agent_id, key)
    shown = node or dict.fromkeys(("level", "state", "text", "inside", "parent", "holds"))
    return {
        "key": key,
        **shown,
        "ancestors": _ancestors(db, agent_id, node),
        **_descendants(db, agent_id, node),
        **_concerning(db, agent_id, key),
    }


def _node(db: Database, agent_id: int, key: str) -> dict[str, Any] | None:
    return next(db.query(f"{_NODE} WHERE n.agent_id = ? AND n.key = ?", [agent_id, key]), None)


def _ancestors(db: Database, agent_id: int, node: dict[str, Any] | None) -> list[dict[str, Any]]:
    """From the node upward: each container, its code and the code's state. An open one ends it."""
    found: list[dict[str, Any]] = []
    seen = set()
    while node and node["inside"] is not None and node["inside"] not in seen:
        seen.add(node["inside"])
        above = next(
            db.query(
                "SELECT id AS container, level, key FROM container WHERE agent_id = ? AND id = ?",
                [agent_id, node["inside"]],
            )
        )
        node = _node(db, agent_id, above["key"]) if above["key"] is not None else None
        found.append({**above, "state": node["state"] if node else None})
    return found


def _descendants(db: Database, agent_id: int, node: dict[str, Any] | None) -> dict[str, Any]:
    if node is None or node["holds"] is None:
        return {"descendants": [], "descendants_left_out": 0}
    names = {"agent": agent_id, "holds": node["holds"], "limit": MAX_RELATIVES}
    listed = list(db.query(_DESCENDANTS, names))
    (total,) = db.conn.execute(_COUNT_DESCENDANTS, names).fetchone()
    return {"descendants": listed, "descendants_left_out": total - len(listed)}


def _concerning(db: Database, agent_id: int, key: str) -> dict[str, Any]:
    listed = db.conn.execute(
        "SELECT events FROM node WHERE agent_id = ? AND key = ?", (agent_id, key)
    ).fetchone()
    numbers = [int(seq) for seq in listed[0].split(",")] if listed else []
    numbers += [
        seq
        for (seq,) in db.conn.execute(
            "SELECT seq FROM rejection WHERE agent_id = ? AND key = ?", (agent_id, key)
        )
    ]
    numbers.sort()
    latest = numbers[-MAX_EVENTS:]
    bodies = db.conn.execute(
        "SELECT seq, body FROM journal WHERE agent_id = ? "
        "AND seq IN (SELECT value FROM json_each(?)) ORDER BY seq",
        (agent_id, json.dumps(latest)),
    )
    return {
        "events": [{"seq": seq, **json.loads(body)} for seq, body in bodies],
        "events_left_out": len(numbers) - len(latest),
    }
