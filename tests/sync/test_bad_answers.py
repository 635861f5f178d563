"""What is no answer of HQ moves nothing, is told, and is tried again."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.core.chain import GENESIS
from sync.uploader import RefusedError, UnansweredError, Uploader, read_token
from tests.sync.rig import AGENT, Hq, Line, packing

HTML = b"<html><body>502 Bad Gateway</body></html>"


def http(status: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "Connection: close", "", ""]).encode() + body


STANDING = http("200 OK", b'{"cursor":0,"head":"%s"}' % GENESIS.hex().encode())
NO_ANSWERS = {
    "500": http("500 Internal Server Error", b"oops"),
    "500 with a body that says acked": http("500 Oops", b'{"acked":9}'),
    "HTML": http("200 OK", HTML, "Content-Type: text/html"),
    "502 HTML": http("502 Bad Gateway", HTML),
    "half a body": http("200 OK", b'{"acked":', length=400),
    "a whole answer that should have been longer": http("200 OK", b'{"acked":9}', length=400),
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "nothing": b"",
    "an ack for something else": http("200 OK", b'{"acked":12345678}'),
    "an ack that is text": http("200 OK", b'{"acked":"9"}'),
    "a conflict of somebody else": http("409 Conflict", b'{"error":"busy"}'),
    "a 422 of somebody else": http("422 Unprocessable", b'{"detail":"no"}'),
    "a redirect": http("302 Found", b"", "Location: http://127.0.0.1:1/login"),
    "not HTTP": b"\x00\xff\x00 SSH-2.0-OpenSSH\r\n",
}


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """The URL of a server that reads each request whole and sends back the next of `answers`."""
    left = list(answers)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = 0
            while (header := self.rfile.readline().strip().lower()) != b"":
                if header.startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            self.rfile.read(length)
            self.wfile.write(left.pop(0))

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def offline_line(tmp_path: Path) -> Line:
    line = Line(tmp_path, "http://127.0.0.1:1", "token")
    line.write(packing(3))
    return line


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_no_answer_moves_no_cursor_and_is_to_be_tried_again(
    offline_line: Line, answer: bytes
) -> None:
    with answering(STANDING, answer) as offline_line.url:
        report = offline_line.sync()

    assert (report.cursor, report.sent_events, report.retry, report.alarm) == (0, 0, True, False)
    assert report.error == offline_line.status()["last_error"]


def test_no_answer_to_where_hq_stands_sends_nothing(offline_line: Line) -> None:
    with answering(http("200 OK", HTML)) as offline_line.url:
        assert offline_line.sync().retry


def test_after_every_bad_answer_hq_still_gets_everything_once(line: Line, hq: Hq) -> None:
    line.write(packing(20))
    real = line.url
    for answer in NO_ANSWERS.values():
        with answering(STANDING, answer) as line.url:
            line.sync()
    line.url = real

    assert line.sync().ok
    line.agrees_with(hq)


def test_a_redirect_is_not_followed_even_to_what_looks_like_hq(offline_line: Line) -> None:
    total = len(offline_line.rows())
    away = http("307 Temporary Redirect", b"", "Location: /login")
    with answering(STANDING, away, http("200 OK", b'{"acked":%d}' % total)) as offline_line.url:
        report = offline_line.sync()

    assert (report.retry, report.cursor) == (True, 0)


def test_a_closed_port_is_told_with_its_address(offline_line: Line) -> None:
    report = offline_line.sync()

    assert report.retry
    assert "127.0.0.1" in str(report.error)


def test_an_hq_that_accepts_and_says_nothing_is_given_up_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with Uploader(url, "token", 0.2) as uploader, pytest.raises(UnansweredError):
            uploader.send(b"x")


def test_an_answer_without_end_is_cut_at_the_cap() -> None:
    endless = http("200 OK", b" " * (3 << 20))
    with (
        answering(endless) as url,
        Uploader(url, "token", 5) as uploader,
        pytest.raises(UnansweredError, match="more than 1048576 bytes"),
    ):
        uploader.send(b"x")


def test_a_batch_that_hq_calls_too_large_is_halved(offline_line: Line) -> None:
    total = len(offline_line.rows())
    half = total // 2
    with answering(
        STANDING,
        http("413 Too Large", HTML),
        http("200 OK", b'{"acked":%d}' % half),
        http("200 OK", b'{"acked":%d}' % (2 * half)),
        http("200 OK", b'{"acked":%d}' % total),
    ) as offline_line.url:
        report = offline_line.sync()

    assert (report.ok, report.cursor) == (True, total)


def test_a_gap_moves_back_to_what_hq_wants(offline_line: Line) -> None:
    total = len(offline_line.rows())
    with answering(
        STANDING,
        http("200 OK", b'{"acked":4}'),
        http("409 Conflict", b'{"error":"gap","wants":3}'),
        http("200 OK", b'{"acked":6}'),
        http("200 OK", b'{"acked":%d}' % total),
    ) as offline_line.url:
        report = offline_line.sync(batch_events=4)

    assert (report.ok, report.cursor) == (True, total)


def test_an_hq_that_sends_the_line_back_for_ever_is_given_up(offline_line: Line) -> None:
    turn = (http("200 OK", b'{"acked":1}'), http("409 C", b'{"error":"gap","wants":1}'))
    with answering(STANDING, *turn * 50) as offline_line.url:
        assert offline_line.sync(batch_events=1).retry


def test_a_conflict_stops_with_an_alarm(offline_line: Line) -> None:
    with answering(STANDING, http("409 Conflict", b'{"error":"conflict","at":3}')) as url:
        offline_line.url = url
        report = offline_line.sync()

    assert (report.alarm, report.retry) == (True, False)
    assert "event 3" in str(offline_line.status()["alarm"])


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_token_that_is_not_taken_waits_for_a_person(offline_line: Line, status: str) -> None:
    with answering(http(status, b'{"detail":"unknown"}')) as offline_line.url:
        report = offline_line.sync()

    assert (report.retry, report.alarm) == (False, False)
    assert "hq-token add" in str(report.error)


def test_an_error_never_shows_the_token(offline_line: Line) -> None:
    offline_line.token = "s3cr3t-token"
    for answer in [*NO_ANSWERS.values(), http("401 Unauthorized", b"who?")]:
        with answering(STANDING, answer) as offline_line.url:
            assert "s3cr3t" not in str(offline_line.sync().error)


@pytest.mark.parametrize("content", [b"", b"two words", b"\xff\xfe", b"a\r\nX-Admin: 1"])
def test_a_token_file_without_a_token_is_told_with_the_mend(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)

    with pytest.raises(RefusedError, match="hq-token add"):
        read_token(path)


def test_a_netrc_on_the_machine_does_not_replace_the_token(
    hq: Hq, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with Uploader(hq.url, hq.token, 5) as uploader:
        assert uploader.standing(AGENT).cursor == 0
