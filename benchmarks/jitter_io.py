"""The I/O station and its belt, in a process of their own.

``python -m benchmarks.jitter_io`` prints its port as one JSON line, takes one JSON line
``{"items": n, "pitch_ms": t}``, carries so many items past the gate and prints what it saw: when
each was counted, what became of it, and each command to the gate.
"""

import asyncio
import gc
import json
import sys

from tests.line.remote_io_twin import Thing, Twin

LENGTH_MS = 10.0
BEGIN_MS = 200.0


async def _carry(twin: Twin, items: int, pitch_ms: float) -> list[Thing]:
    first = twin.place + BEGIN_MS
    fed, gone = 0, list[Thing]()
    while len(gone) < items:
        while fed < items and first + fed * pitch_ms < twin.place + BEGIN_MS:
            twin.things.append(Thing(first + fed * pitch_ms))
            fed += 1
        while twin.things and twin.things[0].fate:
            gone.append(twin.things.pop(0))
        await asyncio.sleep(0.01)
    return gone


async def main() -> None:
    twin = Twin(length=LENGTH_MS)
    await twin.start()
    print(json.dumps({"port": twin.port}), flush=True)
    order = json.loads(await asyncio.to_thread(sys.stdin.readline))
    gc.freeze()
    things = await _carry(twin, order["items"], order["pitch_ms"])
    seen = {
        "things": [(thing.eye_s, thing.fate) for thing in things],
        "commands": [(at_s, on) for at_s, address, on in twin.commands if address == 0],
    }
    print(json.dumps(seen), flush=True)
    await twin.stop()


if __name__ == "__main__":
    asyncio.run(main())
