"""A bare asyncio timer: a loop that only sleeps until each of so many moments.

``python -m benchmarks.jitter_timer MOMENTS A_SECOND`` says ready, begins at a line of its standard
input, and prints by how many milliseconds it was late, as one JSON list.
"""

import asyncio
import json
import sys
import time


async def main() -> None:
    moments, a_second = int(sys.argv[1]), float(sys.argv[2])
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    begin = time.monotonic() + 0.1
    late_ms = []
    for index in range(moments):
        due = begin + index / a_second
        await asyncio.sleep(due - time.monotonic())
        late_ms.append((time.monotonic() - due) * 1_000)
    print(json.dumps(late_ms), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
