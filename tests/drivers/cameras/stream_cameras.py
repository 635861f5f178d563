"""Network cameras on 127.0.0.1: motion JPEG over HTTP, and RTP/JPEG (RFC 2435) over RTSP."""

import itertools
import queue
import socket
import struct
import threading
from base64 import b64encode
from types import TracebackType
from typing import Self

from tests.drivers.cameras.jpegs import jpeg, segments


class _Server:
    """Serves one connection after the other in a thread, until it is left."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[str] = []
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._unblock()
        # shutdown() ends accept(), which close() would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _unblock(self) -> None:
        """Let `_serve` return."""

    def _run(self) -> None:
        while not self._leaving.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    self._serve(connection)
                except OSError:  # the client has gone
                    continue

    def _serve(self, connection: socket.socket) -> None:
        raise NotImplementedError

    def _request(self, connection: socket.socket) -> str:
        """The head of a request; empty when there is none."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(4_096)
            if not more:
                return ""
            data += more
        self.requests.append(data.decode())
        return self.requests[-1]


class MjpegCamera(_Server):
    """Sends what it is given, picture by picture, to whoever asks; `hang_up` ends a connection."""

    def __init__(self, login: str = "") -> None:
        super().__init__()
        self._parts: queue.Queue[bytes | None] = queue.Queue()
        self._login = login

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream"

    def send(self, *pictures: bytes) -> None:
        for picture in pictures:
            self._parts.put(picture)

    def hang_up(self) -> None:
        self._parts.put(None)

    _unblock = hang_up

    def _serve(self, connection: socket.socket) -> None:
        request = self._request(connection)
        expected = f"Authorization: Basic {b64encode(self._login.encode()).decode()}"
        if self._login and expected not in request:
            head = 'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"\r\n\r\n'
            connection.sendall(head.encode())
            return
        kind = "multipart/x-mixed-replace; boundary=frame"
        connection.sendall(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode())
        while (picture := self._parts.get()) is not None:
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            connection.sendall(head.encode() + picture + b"\r\n")


class RtspCamera(_Server):
    """Sends pictures of growing number, modulo 256, to whoever plays it, within its connection."""

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/stream"

    def _serve(self, connection: socket.socket) -> None:
        sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\n"
        heads = {
            "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n",
            "SETUP": "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
        }
        method = ""
        while method != "PLAY":
            request = self._request(connection)
            if not request:
                return
            method = request.split()[0]
            number = next(line for line in request.splitlines() if line.startswith("CSeq"))
            head = f"RTSP/1.0 200 OK\r\n{number}\r\n{heads.get(method, '')}\r\n"
            connection.sendall((head + (sdp if method == "DESCRIBE" else "")).encode())
        self._play(connection)

    def _play(self, connection: socket.socket) -> None:
        sequence = itertools.count()
        for number in itertools.count():
            for packet in _packets(jpeg(number % 256), number * 3_000, sequence):
                connection.sendall(b"$\0" + struct.pack(">H", len(packet)) + packet)
            if self._leaving.wait(1 / 30):
                return


def _packets(picture: bytes, time: int, sequence: "itertools.count[int]") -> list[bytes]:
    """RTP packets of a 4:2:0 JPEG, with its quantization tables in the first."""
    width, height, tables, scan = 0, 0, b"", b""
    for marker, content in segments(picture):
        if marker == 0xC0:
            height, width = struct.unpack(">HH", content[1:5])
        elif marker == 0xDB:
            tables += content[1:]
        elif marker == 0xDA:
            scan = content[10:]
    packets = []
    for offset in range(0, len(scan), 1_200):
        is_last = offset + 1_200 >= len(scan)
        header = struct.pack(">BBHII", 0x80, is_last << 7 | 26, next(sequence) & 0xFFFF, time, 1)
        header += struct.pack(">IBBBB", offset, 1, 255, width // 8, height // 8)
        if not offset:
            header += struct.pack(">BBH", 0, 0, len(tables)) + tables
        packets.append(header + scan[offset : offset + 1_200])
    return packets
