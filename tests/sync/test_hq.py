"""HQ's interface, asked over HTTP as a line and as a person would."""

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from edge_agent.core.body import to_body
from edge_agent.core.chain import GENESIS, link
from edge_agent.core.events import KINDS, Event
from edge_agent.sqlite import connect
from sync.hq.server import HqError, create_app
from sync.hq.tokens import TokenError, add_token, list_tokens, revoke_token
from sync.wire import CAPS, Batch, pack
from tests.sync.rig import AGENT, AT, GATE_FATES, Hq, every_kind, fated, packing

UNIT_KEY = "010690123456789221S0000001"


def packed(
    events: list[Event], from_seq: int = 1, before: bytes = GENESIS, agent: str = AGENT
) -> tuple[bytes, bytes]:
    """A batch ready to send, and the hash of its last event."""
    bodies = [to_body(event) for event in events]
    head = before
    for seq, body in enumerate(bodies, from_seq):
        head = link(head, seq, body)
    return pack(Batch(agent, from_seq, before, head, bodies)), head


def fill(hq: Hq) -> None:
    """Send one line's 26 units, six closed cases, two closed pallets."""
    assert hq.post("/batches", packed(packing(26))[0]).json() == {"acked": len(packing(26))}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hq]:
    """An HQ to be read from."""
    hq = Hq(tmp_path_factory.mktemp("filled"))
    hq.start()
    fill(hq)
    yield hq
    hq.end()


def test_the_same_batch_again_is_acknowledged_again(hq: Hq) -> None:
    fill(hq)
    before = hq.events()

    response = hq.post("/batches", packed(packing(26))[0])

    assert (response.status_code, response.json()) == (200, {"acked": len(packing(26))})
    assert hq.events() == before


def test_other_content_is_a_409_and_an_alarm_that_is_shown(hq: Hq) -> None:
    fill(hq)
    response = hq.post("/batches", packed(packing(5, first=50))[0])

    assert (response.status_code, response.json()) == (409, {"error": "conflict", "at": 1})
    [alarm] = hq.get(f"/agents/{AGENT}")["alarms"]
    assert (alarm["kind"], alarm["seq"], alarm["times"]) == ("conflict", 1, 1)


def test_a_gap_is_a_409_with_what_is_wanted(hq: Hq) -> None:
    raw, _ = packed(packing(1), from_seq=5, before=bytes(31) + b"\1")
    response = hq.post("/batches", raw)

    assert (response.status_code, response.json()) == (409, {"error": "gap", "wants": 1})


@pytest.mark.parametrize("path", ["/batches", "/quarantine"])
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic eDp5", "Bearer é\xff"]
)
def test_an_unknown_token_writes_nothing(hq: Hq, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    response = requests.post(hq.url + path, b"x", headers=headers, timeout=10)

    assert (response.status_code, response.json()["error"]) == (401, "unauthorized")


@pytest.mark.parametrize("path", ["/agents", "/agents/line-1/tree", "/trace/x"])
def test_reading_needs_a_token_too(hq: Hq, path: str) -> None:
    assert requests.get(hq.url + path, timeout=10).status_code == 401


def test_a_token_sends_for_its_own_agent_alone(hq: Hq) -> None:
    response = hq.post("/batches", packed(packing(1), agent="line-2")[0])

    assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    assert hq.get("/agents") == []


def test_tokens_are_given_and_revoked_while_hq_runs(hq: Hq) -> None:
    second = add_token(hq.data_dir, "line-2", AT)
    headers = {"Authorization": f"Bearer {second}"}
    raw, _ = packed(packing(1), agent="line-2")
    accepted = requests.post(hq.url + "/batches", raw, headers=headers, timeout=10)

    [entry] = [token for token in list_tokens(hq.data_dir) if token.agent == "line-2"]
    revoke_token(hq.data_dir, entry.id)
    refused = requests.post(hq.url + "/batches", raw, headers=headers, timeout=10)

    assert (accepted.status_code, refused.status_code) == (200, 401)
    assert hq.get("/agents")[0]["agent"] == "line-2"


def test_the_token_itself_is_nowhere_in_hqs_files(hq: Hq) -> None:
    hq.post("/batches", packed(packing(3))[0])

    for path in hq.data_dir.iterdir():
        assert hq.token.encode() not in path.read_bytes()
    assert (hq.data_dir / "tokens.json").stat().st_mode & 0o077 == 0


def test_wrong_token_commands_say_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="expected a line's name"):
        add_token(tmp_path, "Line 1", AT)
    add_token(tmp_path, "line-1", AT)
    with pytest.raises(TokenError, match=r"\(line-1\)"):
        revoke_token(tmp_path, "nothing")


def test_a_body_over_the_cap_is_a_413_whatever_its_length_claims(hq: Hq) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(6):
            yield bytes(1 << 20)

    counted = hq.post("/batches", bytes(CAPS.compressed_bytes + 1))
    streamed = requests.post(hq.url + "/batches", chunks(), headers=hq.headers, timeout=10)

    assert (counted.status_code, streamed.status_code) == (413, 413)
    assert streamed.json()["error"] == "too_large"


def test_a_body_without_end_is_refused_before_it_ends(hq: Hq) -> None:
    with socket.create_connection(("127.0.0.1", hq.port), timeout=20) as channel:
        channel.sendall(
            f"POST /batches HTTP/1.1\r\nHost: hq\r\nAuthorization: Bearer {hq.token}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(5):
            channel.sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n")

        assert channel.recv(100).startswith(b"HTTP/1.1 413")


def test_a_zip_bomb_is_a_413(hq: Hq) -> None:
    response = hq.post("/batches", gzip.compress(bytes(CAPS.inflated_bytes + 1)))

    assert (response.status_code, response.json()["error"]) == (413, "too_large")


def test_a_malformed_batch_is_a_422_with_every_fault(hq: Hq) -> None:
    body = '{"kind":"armed"}'
    head = link(link(GENESIS, 1, body), 2, body)
    response = hq.post("/batches", pack(Batch(AGENT, 1, GENESIS, head, [body, body])))

    assert response.status_code == 422
    assert [fault[:8] for fault in response.json()["faults"]] == ["event 1:", "event 2:"]


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"agent":"line-1"}'])
def test_a_malformed_hole_is_a_422_with_what_is_wrong(hq: Hq, raw: bytes) -> None:
    response = hq.post("/quarantine", raw)

    assert response.status_code == 422
    assert response.json()["faults"]


def test_a_sender_that_leaves_in_the_middle_leaves_nothing(hq: Hq) -> None:
    raw, _ = packed(packing(20))
    with socket.create_connection(("127.0.0.1", hq.port)) as channel:
        channel.sendall(
            f"POST /batches HTTP/1.1\r\nHost: hq\r\nAuthorization: Bearer {hq.token}\r\n"
            f"Content-Length: {len(raw)}\r\n\r\n".encode()
            + raw[: len(raw) // 2]
        )

    assert hq.get("/agents") == []
    assert hq.post("/batches", raw).status_code == 200


def test_a_trace_shows_where_a_unit_lies_and_what_happened_to_it(filled: Hq) -> None:
    [node] = filled.get("/trace/" + UNIT_KEY)["nodes"]

    assert (node["agent"], node["level"], node["state"]) == (AGENT, "unit", "packed")
    assert [(a["level"], a["state"]) for a in node["ancestors"]] == [
        ("case", "packed"),
        ("pallet", "active"),
    ]
    assert node["parent"] == node["ancestors"][0]["key"]
    assert [event["kind"] for event in node["events"]] == ["commissioned", "passed", "packed"]


def test_a_trace_shows_all_that_a_pallet_holds(filled: Hq) -> None:
    [unit] = filled.get("/trace/" + UNIT_KEY)["nodes"]
    [pallet] = filled.get("/trace/" + unit["ancestors"][-1]["key"])["nodes"]

    levels = [below["level"] for below in pallet["descendants"]]
    assert (levels.count("case"), levels.count("unit")) == (3, 12)
    assert pallet["descendants_left_out"] == 0
    assert UNIT_KEY in [b["key"] for b in pallet["descendants"] if b["parent"] == unit["parent"]]


def test_a_unit_in_an_open_case_has_an_ancestor_without_a_code(filled: Hq) -> None:
    [node] = filled.get("/trace/010690123456789221S0000025")["nodes"]

    assert [(a["level"], a["key"]) for a in node["ancestors"]] == [("case", None)]


def test_a_code_is_found_as_it_was_read(filled: Hq) -> None:
    [node] = filled.get("/trace/" + quote(f"{UNIT_KEY}\x1d10LOT", safe=""))["nodes"]

    assert node["key"] == UNIT_KEY


def test_a_rejected_duplicate_is_among_the_events_of_its_code(filled: Hq) -> None:
    [node] = filled.get("/trace/010690123456789221S0000007")["nodes"]

    assert [event["kind"] for event in node["events"]][-1] == "rejected"


def test_every_kind_of_event_is_accepted_counted_and_traced(hq: Hq) -> None:
    events = every_kind()
    assert {event.kind for event in events} == set(KINDS)

    assert hq.post("/batches", packed(events)[0]).json() == {"acked": len(events)}

    assert set(hq.get(f"/agents/{AGENT}")["events"]) == set(KINDS)
    states = {}
    for kind in GATE_FATES:
        [node] = hq.get("/trace/" + fated(kind))["nodes"]
        assert [event["kind"] for event in node["events"]] == ["commissioned", kind]
        states[kind] = node["state"]
    assert states == {
        "ejected": "ejected",
        "ejected_unasked": "ejected",
        "eject_failed": "untracked",
        "taken_off": "taken_off",
        "untracked": "untracked",
    }


def test_a_code_that_was_only_rejected_is_found_without_a_state(hq: Hq) -> None:
    rejected = [event for event in packing(7) if event.kind == "rejected"]
    hq.post("/batches", packed(rejected)[0])

    [node] = hq.get("/trace/010690123456789221S0000007")["nodes"]

    assert (node["state"], len(node["events"])) == (None, 1)


def test_a_code_seen_on_several_lines_is_listed_for_each(hq: Hq) -> None:
    fill(hq)
    headers = {"Authorization": f"Bearer {add_token(hq.data_dir, 'line-2', AT)}"}
    raw, _ = packed(packing(1), agent="line-2")
    requests.post(hq.url + "/batches", raw, headers=headers, timeout=10)

    nodes = hq.get("/trace/" + UNIT_KEY)["nodes"]

    assert [node["agent"] for node in nodes] == ["line-1", "line-2"]


@pytest.mark.parametrize("code", ["nothing", "https://t.example.cn/a/b?c=d#e", "a/../b", "é\u4e2d"])
def test_an_unknown_code_is_a_404_that_repeats_it(hq: Hq, code: str) -> None:
    response = requests.get(
        hq.url + "/trace/" + quote(code, safe=""), headers=hq.headers, timeout=10
    )

    assert response.status_code == 404
    assert repr(code) in response.json()["detail"]


def test_a_tree_that_is_tied_into_a_ring_is_still_answered(hq: Hq) -> None:
    def event(kind: str, **members: object) -> str:
        return json.dumps({"kind": kind, "at": AT, "station": "s", **members})

    bodies = []
    for key, own, other in (("A", 1, 2), ("B", 2, 1)):
        bodies += [
            event("commissioned", key=key, level="case", text=key),
            event("closed", key=key, level="case", container=own, children=[]),
            event("packed", key=key, level="case", container=other, container_level="case"),
        ]
    head = GENESIS
    for seq, body in enumerate(bodies, 1):
        head = link(head, seq, body)
    assert hq.post("/batches", pack(Batch(AGENT, 1, GENESIS, head, bodies))).status_code == 200

    [node] = hq.get("/trace/A")["nodes"]

    assert sorted(below["key"] for below in node["descendants"]) == ["A", "B"]
    assert len(node["ancestors"]) == 2


def test_the_tree_comes_in_pages_in_key_order(filled: Hq) -> None:
    keys: list[str] = []
    after = ""
    while after is not None:
        page = filled.get(f"/agents/{AGENT}/tree", after=after, limit=7)
        keys += [node["key"] for node in page["nodes"]]
        after = page["next"]

    assert keys == sorted({*keys})
    assert len(keys) == 26 + 6 + 2


@pytest.mark.parametrize("limit", [0, -1, 10_001, "x"])
def test_a_page_beyond_the_cap_is_refused(filled: Hq, limit: object) -> None:
    response = requests.get(
        f"{filled.url}/agents/{AGENT}/tree",
        params={"limit": str(limit)},
        headers=filled.headers,
        timeout=10,
    )

    assert response.status_code == 422


def test_an_agent_shows_how_far_it_is_and_what_it_sent(filled: Hq) -> None:
    agent = filled.get(f"/agents/{AGENT}")

    events = packing(26)
    assert agent["cursor"] == len(events)
    assert agent["head"] == packed(events)[1].hex()
    assert agent["events"]["packed"] == sum(event.kind == "packed" for event in events)
    assert (agent["holes"], agent["alarms"]) == ([], [])
    assert filled.get("/agents") == [agent]


def test_an_unknown_agent_is_a_404(hq: Hq) -> None:
    for path in ("", "/tree", "/events", "/containers"):
        response = requests.get(f"{hq.url}/agents/nobody{path}", headers=hq.headers, timeout=10)
        assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_a_database_from_a_newer_version_is_refused(tmp_path: Path) -> None:
    connection = connect(tmp_path / "hq.db")
    connection.execute(
        "CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, "
        "name TEXT, applied_at TEXT)"
    )
    connection.execute("INSERT INTO _sqlite_migrations VALUES (1, 'hq', '0999_later', '')")
    connection.close()

    with pytest.raises(HqError, match="0999_later"):
        create_app(tmp_path)
