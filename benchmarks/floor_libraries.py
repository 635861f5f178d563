"""The bare loop once more, over the libraries the project is bound to: asyncio and pymodbus.

Between this and floor.py lies what those two cost; between this and the line, what our code costs.
Run and answered as floor.py.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from pymodbus.client import AsyncModbusTcpClient

from benchmarks.floor import SLOTS, VERDICTS
from edge_agent.sqlite import connect


async def main() -> None:
    scanner_port, modbus_port, path, scans = sys.argv[1:]
    scanner, _ = await asyncio.open_connection("127.0.0.1", int(scanner_port))
    plc = AsyncModbusTcpClient("127.0.0.1", port=int(modbus_port), retries=0, reconnect_delay=0)
    await plc.connect()
    database = connect(Path(path))
    database.execute("CREATE TABLE IF NOT EXISTS scan (seq INTEGER PRIMARY KEY, text TEXT)")
    print("ready", flush=True)
    committed_us, acknowledged_us = [], []
    for number in range(1, int(scans) + 1):
        text = await scanner.readline()
        received_ns = time.monotonic_ns()
        database.execute("INSERT INTO scan (text) VALUES (?)", (text.decode().strip(),))
        committed_ns = time.monotonic_ns()
        await plc.write_registers(VERDICTS + 3 * (number % SLOTS), [number, 1, 1])
        acknowledged_us.append((time.monotonic_ns() - received_ns) // 1_000)
        committed_us.append((committed_ns - received_ns) // 1_000)
    plc.close()
    print(json.dumps({"committed": committed_us, "acknowledged": acknowledged_us}))


if __name__ == "__main__":
    asyncio.run(main())
