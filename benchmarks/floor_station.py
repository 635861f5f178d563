"""The bare packing bench: read the socket, insert each line as a row at FULL, answer it.

Run as ``python -m benchmarks.floor_station SCANNER_PORT DATABASE single|grouped``. `single` commits
each row by itself, `grouped` all that one read of the socket brought. Ends when the scanner hangs
up.
"""

import socket
import sys
from pathlib import Path

from edge_agent.sqlite import connect

_READ_BYTES = 65_536


def main() -> None:
    port, path, commits = sys.argv[1:]
    scanner = socket.create_connection(("127.0.0.1", int(port)))
    scanner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    database = connect(Path(path))
    database.execute("CREATE TABLE IF NOT EXISTS scan (seq INTEGER PRIMARY KEY, text TEXT)")
    insert = "INSERT INTO scan (text) VALUES (?)"
    rest = b""
    while data := scanner.recv(_READ_BYTES):
        *lines, rest = (rest + data).split(b"\r\n")
        rows = [(line.decode(),) for line in lines]
        if commits == "single":
            for row in rows:
                database.execute(insert, row)
                scanner.sendall(b"A\n")
        else:
            database.execute("BEGIN")
            database.executemany(insert, rows)
            database.execute("COMMIT")
            scanner.sendall(b"A\n" * len(rows))


if __name__ == "__main__":
    main()
