"""The bare loop: read the socket, insert one row at FULL, write one register, wait for its echo.

Only what nobody can leave out, with blocking sockets and no library between. Run as
``python -m benchmarks.floor SCANNER_PORT MODBUS_PORT DATABASE SCANS``; says ready, then prints as
one JSON object, for each scan, the microseconds from its arrival until it was committed, and until
the PLC had acknowledged it.
"""

import json
import socket
import struct
import sys
import time
from pathlib import Path

from edge_agent.sqlite import connect

VERDICTS, SLOTS = 1008, 256
TIMEOUT_S = 30


def main() -> None:
    scanner_port, modbus_port, path, scans = sys.argv[1:]
    scanner = socket.create_connection(("127.0.0.1", int(scanner_port)), TIMEOUT_S)
    plc = socket.create_connection(("127.0.0.1", int(modbus_port)), TIMEOUT_S)
    plc.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A socket with a timeout polls before each call; a bare loop does not.
    scanner.settimeout(None)
    plc.settimeout(None)
    database = connect(Path(path))
    database.execute("CREATE TABLE IF NOT EXISTS scan (seq INTEGER PRIMARY KEY, text TEXT)")
    # After a pause of the machine, two scans may wait in the socket at once.
    scans_in = scanner.makefile("rb")
    print("ready", flush=True)
    committed_us, acknowledged_us = [], []
    for number in range(1, int(scans) + 1):
        text = scans_in.readline()
        received_ns = time.monotonic_ns()
        database.execute("INSERT INTO scan (text) VALUES (?)", (text.decode().strip(),))
        committed_ns = time.monotonic_ns()
        address = VERDICTS + 3 * (number % SLOTS)
        # Modbus Messaging on TCP/IP V1.0b, function 16: three words, item, PASS and start.
        plc.sendall(
            struct.pack(">HHHBBHHBHHH", number % 65_536, 0, 13, 1, 16, address, 3, 6, number, 1, 1)
        )
        plc.recv(4_096)
        acknowledged_us.append((time.monotonic_ns() - received_ns) // 1_000)
        committed_us.append((committed_ns - received_ns) // 1_000)
    print(json.dumps({"committed": committed_us, "acknowledged": acknowledged_us}))


if __name__ == "__main__":
    main()
