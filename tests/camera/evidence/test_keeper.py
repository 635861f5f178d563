"""From a verdict to its picture on disk, or to the event that says it is lost."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.scanners.camera_wire import Answer, FromCamera, SeenCode
from edge_agent.camera.evidence.keeper import EvidenceKeeper, settled
from edge_agent.camera.evidence.picture import Picture, encode
from edge_agent.camera.evidence.store import kept, prunings
from edge_agent.config import LineConfig
from edge_agent.control import ControlError, ask
from edge_agent.core.chain import GENESIS
from edge_agent.core.names import StationName
from edge_agent.ledger.journal import create_ledger
from edge_agent.ledger.reader import LedgerReader
from edge_agent.ledger.verify import verify
from sync.outbox import Outbox
from sync.wire import Hole
from tests.camera.evidence.rig import (
    CAMERA,
    configured,
    lost,
    note,
    picture,
    record,
    rejected,
)
from tests.line.conftest import LineProcess

MB = 1_000_000
FRAME = np.full((20, 30), 128, np.uint8)


class CameraSocket:
    """The camera role's end of the socket: answers whatever the test says."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.unlink()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._server.settimeout(20)
        self._peer = socket.socket(socket.AF_UNIX)
        self._trigger = 0

    def accept(self) -> None:
        self._peer.close()
        self._peer, _ = self._server.accept()
        self._peer.sendall(FromCamera(fault=None).model_dump_json(exclude_unset=True).encode())
        self._peer.sendall(b"\n")

    def answer(self, text: str | None, sha256: str) -> None:
        self._trigger += 1
        codes = [SeenCode(text=text)] if text else []
        answer = Answer(trigger=self._trigger, codes=codes, why="too dark", picture=sha256)
        message = FromCamera(answer=answer).model_dump_json(exclude_unset=True)
        self._peer.sendall(message.encode() + b"\n")

    def close(self) -> None:
        self._peer.close()
        self._server.close()


@pytest.fixture
def config(tmp_path: Path) -> LineConfig:
    return configured(tmp_path)


@pytest.fixture
def camera(config: LineConfig) -> Iterator[CameraSocket]:
    camera = CameraSocket(config.camera_socket(CAMERA))
    yield camera
    camera.close()


@pytest.fixture
def line(tmp_path: Path, config: LineConfig, camera: CameraSocket) -> Iterator[LineProcess]:
    create_ledger(config.ledger_path)
    line = LineProcess(tmp_path / "line.toml", tmp_path / "line.log")
    line.start()
    camera.accept()
    yield line
    line.close()


def tally(line: LineProcess, **wanted: int) -> dict[str, Any]:
    return line.wait_until(lambda s: all(s["tally"].get(k) == n for k, n in wanted.items()))


def events(config: LineConfig, kind: str) -> list[dict[str, Any]]:
    with LedgerReader(config.ledger_path) as ledger:
        bodies = [json.loads(row.body) for row in ledger.walk()]
    return [body for body in bodies if body["kind"] == kind]


def on_disk(config: LineConfig) -> dict[str, int]:
    return {each.sha256: each.seq for each in kept(config.evidence_path(CAMERA))}


def looked(config: LineConfig, *held: Picture) -> EvidenceKeeper:
    """A keeper without its thread that holds these and has looked once."""
    keeper = EvidenceKeeper(config, CAMERA)
    for each in held:
        keeper.hold(each)
    keeper.look()
    return keeper


# --- with a running line ---------------------------------------------------------------------


def test_the_picture_of_a_reject_is_kept_under_the_hash_in_its_event_and_no_other_is(
    config: LineConfig, camera: CameraSocket, line: LineProcess
) -> None:
    keeper = EvidenceKeeper(config, CAMERA)
    keeper.start()
    pictures = [encode(FRAME, note(text), config.cameras[CAMERA].evidence) for text in "ABC"]
    for text, each in zip(("U1", "no code", None), pictures, strict=True):
        keeper.hold(each)
        camera.answer(text, each.sha256)
    tally(line, commissioned=1, rejected=2)
    keeper.close()

    rejects = events(config, "rejected")
    assert [reject["picture"] for reject in rejects] == [p.sha256 for p in pictures[1:]]
    assert rejects[1]["detail"] == "too dark"
    assert "picture" not in events(config, "commissioned")[0]
    found = {each.sha256: each.path.read_bytes() for each in kept(config.evidence_path(CAMERA))}
    assert found == {p.sha256: p.data for p in pictures[1:]}
    assert verify(config.ledger_path).fault is None


def test_what_is_gone_when_it_is_asked_for_becomes_one_event_also_over_restarts(
    config: LineConfig, camera: CameraSocket, line: LineProcess
) -> None:
    looked(config)
    sha256 = picture(1).sha256
    camera.answer("no code", sha256)
    camera.answer("no code either", sha256)
    tally(line, rejected=2)

    keeper = looked(config)

    assert keeper.facts()["untold"] == 0
    (event,) = events(config, "picture_lost")
    assert (event["picture"], event["station"]) == (sha256, "table")
    assert "not in memory" in event["why"]
    keeper.look()
    looked(config)
    camera.answer("nor this", sha256)
    tally(line, rejected=3)
    keeper.look()
    assert len(events(config, "picture_lost")) == 1
    assert "picture_lost" in line.log()


def test_a_picture_too_large_for_the_disk_budget_costs_evidence_and_no_verdict(
    config: LineConfig, camera: CameraSocket, line: LineProcess
) -> None:
    (config.line.data_dir / "bench").mkdir(exist_ok=True)
    tight = configured(config.line.data_dir.parent, evidence="keep_mb = 10, waiting_mb = 100")
    keeper = looked(tight)
    large, small = picture(1, 11 * MB), picture(2)
    for each in (large, small):
        keeper.hold(each)
        camera.answer("no code " + each.sha256[:3], each.sha256)
    tally(line, rejected=2)

    keeper.look()

    assert list(on_disk(config)) == [small.sha256]
    (event,) = events(config, "picture_lost")
    assert event["picture"] == large.sha256
    assert "the whole budget has 10000000" in event["why"]
    camera.answer("U7", picture(3).sha256)
    tally(line, commissioned=1)


def test_what_gave_way_in_memory_is_lost_and_says_which_key_is_too_small(
    config: LineConfig, camera: CameraSocket, line: LineProcess
) -> None:
    pictures = [picture(n, 300_000) for n in range(5)]
    small = configured(config.line.data_dir.parent, evidence="waiting_mb = 1")
    keeper = looked(small, *pictures)
    facts = keeper.facts()
    assert (facts["waiting"], facts["waiting_bytes"], facts["gave_way"]) == (3, 900_000, 2)
    for each in (pictures[0], pictures[4]):
        camera.answer("no code " + each.sha256[:3], each.sha256)
    tally(line, rejected=2)

    keeper.look()

    assert list(on_disk(config)) == [pictures[4].sha256]
    (event,) = events(config, "picture_lost")
    assert event["picture"] == pictures[0].sha256
    assert "waiting_mb = 1 is too small" in event["why"]


ON_A_FULL_DISK = """
import sys
from pathlib import Path
from edge_agent.camera.evidence.keeper import EvidenceKeeper, settled
from edge_agent.config_file import load_config
from tests.camera.evidence.rig import CAMERA, picture
keeper = EvidenceKeeper(load_config(Path(sys.argv[1])), CAMERA)
keeper.start()
for number in range(3):
    keeper.hold(picture(number))
print("ready", flush=True)
sys.stdin.read()
keeper.close()
"""


def test_on_a_full_disk_verdicts_go_on_and_each_loss_is_an_event(
    tmp_path: Path, config: LineConfig, camera: CameraSocket, line: LineProcess
) -> None:
    """The keeper's directory is a file system of 1 MiB, in a mount namespace of its own."""
    directory = config.evidence_path(CAMERA)
    directory.mkdir(parents=True)
    script = 'mount -t tmpfs -o size=1m none "$4" && exec "$1" -c "$3" "$2"'
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    keeper = subprocess.Popen(
        ["unshare", *rights, "--mount", "sh", "-c", script, "sh",
         sys.executable, tmp_path / "line.toml", ON_A_FULL_DISK, directory],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"ready\n"
        for number in range(3):
            camera.answer(f"no code {number}", picture(number).sha256)
        tally(line, rejected=3, picture_lost=3)
        camera.answer("U1", picture(9).sha256)
        tally(line, commissioned=1)
    assert keeper.returncode == 0
    losses = events(config, "picture_lost")
    assert [loss["picture"] for loss in losses] == [picture(n).sha256 for n in range(3)]
    assert all("the disk has less than 64 MiB left" in loss["why"] for loss in losses)


def test_a_loss_waits_for_a_line_that_is_away(
    config: LineConfig, camera: CameraSocket, line: LineProcess
) -> None:
    keeper = looked(config)
    camera.answer(None, picture(1).sha256)
    tally(line, rejected=1)
    line.kill()

    keeper.look()

    assert keeper.facts()["untold"] == 1
    assert "the line is not told what is lost" in keeper.facts()["trouble"]
    line.start()
    keeper.start()
    tally(line, picture_lost=1)
    keeper.close()
    assert keeper.facts()["untold"] == 0
    assert keeper.facts()["trouble"] is None
    assert keeper.facts()["lost"] == 1


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"station": "nowhere"}, "station is 'nowhere', expected one of bench, table"),
        ({"picture": "abc"}, "picture is 'abc', expected a SHA-256"),
        ({"why": ""}, "why is '', expected a reason"),
        ({"why": 7}, "why is 7, expected a reason"),
    ],
)
def test_the_line_records_no_nonsense(
    config: LineConfig, line: LineProcess, question: dict[str, Any], said: str
) -> None:
    good = {"station": "table", "picture": "ab" * 32, "why": "a test"}
    with pytest.raises(ControlError, match=said):
        ask(config.control_path("line"), "lose-picture", **{**good, **question})
    assert events(config, "picture_lost") == []


# --- with a ledger of the test's own ---------------------------------------------------------


def test_one_picture_of_many_rejects_is_one_file_named_by_the_last_of_them(
    config: LineConfig,
) -> None:
    create_ledger(config.ledger_path)
    one = picture(1)
    keeper = looked(config, one)
    record(config, *[rejected(one.sha256)] * 3)
    keeper.look()
    assert on_disk(config) == {one.sha256: 3}
    record(config, rejected(one.sha256))
    keeper.look()
    assert on_disk(config) == {one.sha256: 4}
    assert keeper.facts()["lost"] == 0


def test_a_restart_before_the_place_was_noted_finds_everything_as_it_was(
    config: LineConfig,
) -> None:
    create_ledger(config.ledger_path)
    keeper = looked(config, picture(1), picture(2))
    record(config, rejected(picture(1).sha256), rejected(None), rejected(picture(2).sha256))
    keeper.look()  # and is never closed: as if killed

    again = looked(config)

    assert on_disk(config) == {picture(1).sha256: 1, picture(2).sha256: 3}
    assert again.facts()["lost"] == 0


def test_a_ledger_older_than_the_camera_is_not_searched_for_pictures(config: LineConfig) -> None:
    record(config, rejected(picture(1).sha256))
    keeper = looked(config)
    assert keeper.facts()["lost"] == 0
    record(config, rejected(picture(2).sha256))
    keeper.look()
    assert keeper.facts()["lost"] == 1


def test_what_could_not_be_noted_is_noted_as_soon_as_it_can(config: LineConfig) -> None:
    create_ledger(config.ledger_path)
    directory = config.evidence_path(CAMERA)
    (directory / "settled.json").mkdir(parents=True)
    keeper = looked(config, picture(1))
    assert "it is not noted" in keeper.facts()["trouble"]
    (directory / "settled.json").rmdir()
    record(config, rejected(picture(1).sha256))
    keeper.start()
    for _ in range(1_000):
        if settled(directory):
            break
        time.sleep(0.02)
    noted = settled(directory)
    keeper.close()
    assert noted
    assert keeper.facts()["trouble"] is None
    assert list(on_disk(config)) == [picture(1).sha256]


def test_a_new_lines_first_reject_is_not_missed_though_the_camera_began_without_a_ledger(
    config: LineConfig,
) -> None:
    keeper = looked(config, picture(1))
    record(config, rejected(picture(1).sha256))
    keeper.look()
    assert list(on_disk(config)) == [picture(1).sha256]


@pytest.mark.parametrize("length", [2, 10])
def test_another_ledger_in_its_place_is_noticed_and_followed_from_its_end(
    config: LineConfig, length: int
) -> None:
    create_ledger(config.ledger_path)
    keeper = looked(config, picture(1))
    record(config, *[rejected(None)] * 5)
    keeper.look()
    shutil.rmtree(config.ledger_path.parent, ignore_errors=True)
    record(config, *[rejected("ab" * 32)] * length)
    keeper.look()
    assert keeper.facts()["lost"] == 0
    record(config, rejected(picture(1).sha256))
    keeper.look()
    assert list(on_disk(config)) == [picture(1).sha256]


def test_a_reject_of_another_camera_is_none_of_its_business(config: LineConfig) -> None:
    create_ledger(config.ledger_path)
    keeper = looked(config)
    record(config, replace(rejected(picture(1).sha256), station=StationName("bench")))
    keeper.look()
    assert keeper.facts()["lost"] == 0


def test_a_loss_that_the_ledger_has_is_not_told_again(config: LineConfig) -> None:
    create_ledger(config.ledger_path)
    keeper = looked(config)
    record(config, rejected("ab" * 32))
    keeper.look()
    assert keeper.facts()["untold"] == 1
    record(config, lost("ab" * 32))
    keeper.look()
    assert keeper.facts()["untold"] == 0


def test_with_until_hq_only_what_hq_has_received_makes_room(tmp_path: Path) -> None:
    config = configured(tmp_path, evidence="keep_mb = 10, until_hq = true, waiting_mb = 100")
    create_ledger(config.ledger_path)
    keeper = looked(config, *(picture(n, 2 * MB) for n in range(1, 8)))
    record(config, *(rejected(picture(n, 2 * MB).sha256) for n in range(1, 6)))
    keeper.look()
    assert sorted(on_disk(config).values()) == [1, 2, 3, 4]  # whole blocks: a fifth has no room
    assert keeper.facts()["lost"] == 1

    with Outbox(config.sync_path) as outbox:
        head = bytes.fromhex("ab" * 32)
        hole = Hole(agent="bench", from_seq=1, to_seq=1, before=GENESIS.hex(),
                    head=head.hex(), reason="a test")  # fmt: skip
        outbox.set_aside(hole, "2026-11-22T08:00:00.000Z")
        outbox.move(3, head)
    record(config, rejected(picture(6, 2 * MB).sha256))
    keeper.look()

    assert sorted(on_disk(config).values()) == [1, 3, 4, 6]
    ((pruned),) = prunings(config.evidence_path(CAMERA))
    assert (pruned.first, pruned.last, pruned.pictures) == (2, 2, 1)


def test_a_sync_db_that_cannot_be_read_removes_nothing(tmp_path: Path) -> None:
    config = configured(tmp_path, evidence="keep_mb = 10, until_hq = true, waiting_mb = 100")
    create_ledger(config.ledger_path)
    config.sync_path.write_bytes(b"no database, " * 500)
    keeper = looked(config, *(picture(n, 4 * MB) for n in range(1, 4)))
    record(config, *(rejected(picture(n, 4 * MB).sha256) for n in range(1, 4)))
    keeper.look()
    assert sorted(on_disk(config).values()) == [1, 2]
    assert keeper.facts()["lost"] == 1
