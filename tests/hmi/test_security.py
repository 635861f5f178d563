"""What a browser, or something that is none, must not be able to do."""

import http.client
from urllib.parse import urlsplit

import pytest

from edge_agent.hmi.security import BODY_LIMIT_BYTES
from tests.hmi.conftest import HmiProcess

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


def ask(
    hmi: HmiProcess, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(hmi.url).netloc, timeout=10)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        is_open = answer.status == 101
        return answer.status, answer.headers, b"" if is_open else answer.read()
    finally:
        connection.close()


def test_a_foreign_host_name_is_refused(hmi: HmiProcess) -> None:
    status, _, body = ask(hmi, "GET", "/", {"Host": "pages.example.com"})
    assert (status, body) == (403, b"this host name is not served here")


@pytest.mark.parametrize("host", ["[::1", "localhost.evil.example", "", "a b"])
def test_what_is_no_host_name_of_ours_is_refused(hmi: HmiProcess, host: str) -> None:
    assert ask(hmi, "GET", "/", {"Host": host})[0] == 403
    assert ask(hmi, "POST", "/", {"Origin": f"http://{host}"}, b"{}")[0] == 403


def test_nothing_but_a_websocket_reaches_the_pages(hmi: HmiProcess) -> None:
    polling = SOCKET.replace("websocket", "polling")
    assert ask(hmi, "GET", polling, {"Origin": "http://evil.example"})[0] == 400


def test_the_websocket_is_opened_for_our_own_pages_only(hmi: HmiProcess) -> None:
    own = ask(hmi, "GET", SOCKET, {**UPGRADE, "Origin": hmi.url})
    assert own[0] == 101
    foreign = ask(hmi, "GET", SOCKET, {**UPGRADE, "Origin": "http://evil.example"})
    assert foreign[0] == 403
    port = ask(hmi, "GET", SOCKET, {**UPGRADE, "Origin": "http://127.0.0.1:1"})
    assert port[0] == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_another_sites_page_cannot_post(hmi: HmiProcess, headers: dict[str, str]) -> None:
    assert ask(hmi, "POST", "/", headers, b"{}")[0] == 403


@pytest.mark.parametrize("length", ["9999999", "1e9", "-1"])
def test_a_large_or_false_length_is_refused(hmi: HmiProcess, length: str) -> None:
    assert ask(hmi, "POST", "/", {"Content-Length": length}, b"{}")[0] in (400, 403)


def test_a_body_without_a_length_ends_at_the_limit(hmi: HmiProcess) -> None:
    connection = http.client.HTTPConnection(urlsplit(hmi.url).netloc, timeout=10)
    chunks = (b"x" * 65_536 for _ in range(2 + 2 * BODY_LIMIT_BYTES // 65_536))
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.request("POST", "/station/packing", chunks, encode_chunked=True)
        status = connection.getresponse().status
        raise http.client.HTTPException(f"answered {status}")
    connection.close()


@pytest.mark.parametrize("path", ["/", "/station/packing", "/static/live.css", "/nothing"])
def test_every_answer_carries_the_headers(hmi: HmiProcess, path: str) -> None:
    _, headers, _ = ask(hmi, "GET", path, {})
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_page_allows_no_inline_script_but_those_with_its_nonce(hmi: HmiProcess) -> None:
    first, second = (ask(hmi, "GET", "/station/packing", {})[1] for _ in range(2))
    policies = [each["content-security-policy"] for each in (first, second)]
    assert policies[0] != policies[1]
    assert all("unsafe" not in each for each in policies)


def test_the_page_says_nothing_of_the_server(hmi: HmiProcess) -> None:
    _, headers, _ = ask(hmi, "GET", "/", {})
    assert headers["server"] is None
    assert headers["cache-control"] == "no-store"
