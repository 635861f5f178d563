"""A plant as a process, as the agent's tests meet it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.sim.truth import Truth, load_truth


@dataclass
class PlantProcess:
    process: asyncio.subprocess.Process
    workspace: Path
    modbus_port: int
    packing_port: int
    camera_port: int
    link: Path

    async def start_belt(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"start\n")
        await self.process.stdin.drain()

    async def said(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(await self.process.stdout.readline()))

    async def done(self) -> Truth:
        """Until the belt is empty and the packer is done."""
        while (await self.said())["event"] != "done":
            pass
        return load_truth(self.workspace / "truth.json")


@asynccontextmanager
async def plant(workspace: Path, **options: object) -> AsyncIterator[PlantProcess]:
    """The plant, plugged in, belt standing still. It ends with the block."""
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "drivers.sim"),
        *(f"--workspace={workspace}", "--timeout-s=60", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    running = PlantProcess(process, workspace, 0, 0, 0, workspace)
    try:
        ready = await running.said()
        running.modbus_port, running.packing_port = ready["modbus"], ready["packing"]
        running.camera_port = ready["camera"]
        running.link = Path(ready["scanner"])
        yield running
    finally:
        process.stdin.close()
        await process.wait()
