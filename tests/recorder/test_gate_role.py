"""A gated line on the simulated plant, recorded: triggers, verdicts, the PLC's words."""

import asyncio
import json
from pathlib import Path
from typing import Any

from edge_agent.demo.workspace import PlantAddress, render_config
from edge_agent.ledger.journal import create_ledger
from tests.line.conftest import LineProcess
from tests.recorder.test_role import replay
from tests.sim.plant_process import plant

UNITS = 60


def _armed(status: dict[str, Any]) -> bool:
    # Nobody runs the camera role or the rework table here: the belt is what is recorded.
    others = ("table", "rework-scanner")
    up = all(d["link"] == "up" for name, d in status["devices"].items() if name not in others)
    return up and all(gate["armed"] for gate in status["gates"].values())


async def test_a_belt_with_faults_is_replayed_without_a_difference_and_its_words_are_told(
    tmp_path: Path,
) -> None:
    faults = "unread,duplicate,malformed"
    async with plant(
        tmp_path / "plant", units=UNITS, rate=600, seed=3, faults=faults, case_size=1_000
    ) as running:
        address = PlantAddress(
            str(running.link), running.packing_port, running.modbus_port, running.camera_port
        )
        path = tmp_path / "demo.toml"
        text = render_config(tmp_path, address, hq_port=1, hmi_port=2)
        path.write_text(text.replace("[line]\n", "[line]\nflight_recorder_mb = 8\n"))
        line = LineProcess(path, tmp_path / "line.log")
        create_ledger(line.config.ledger_path)
        try:
            await asyncio.to_thread(line.start)
            await asyncio.to_thread(line.wait_until, _armed)
            await running.start_belt()
            await running.done()
            await asyncio.to_thread(line.wait_until, lambda s: s["waiting"] == 0)
            assert await asyncio.to_thread(line.stop) == 0
        finally:
            line.close()
    done = await asyncio.to_thread(replay, line.config.flight_path, "--json")
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr
    told = [json.loads(row) for row in done.stdout.splitlines()]
    events = [e for row in told if "recorded" in row for e in row["recorded"]["events"]]
    assert events == line.events()
    assert {"commissioned", "rejected", "passed", "ejected", "packed"} <= {
        e["kind"] for e in events
    }
    said = {row["words"]["what"] for row in told if "words" in row}
    assert said == {"status", "commands", "outcomes", "verdicts"}
    # Every item's verdict went out in words.
    triples = [w for row in told if "words" in row and row["words"]["what"] == "verdicts"
               for w in row["words"]["words"]]  # fmt: skip
    assert len(triples) // 3 >= UNITS
    # A scanner that may take a third of the time would have made no-reads of good items.
    other = tmp_path / "other.toml"
    other.write_text(path.read_text().replace("read_window_ms = 25", "read_window_ms = 2"))
    less = await asyncio.to_thread(replay, line.config.flight_path, "--config", other)
    assert less.returncode == 1
    assert "DIFFERS" in less.stdout
    assert "UNREAD" in less.stdout
