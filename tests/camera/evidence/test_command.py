"""`edge-agent evidence`: what it lists, proves, draws, and refuses."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from edge_agent.camera.evidence.keeper import EvidenceKeeper
from edge_agent.camera.evidence.marks import caption_of
from edge_agent.camera.evidence.picture import Picture, encode
from edge_agent.camera.evidence.store import kept
from edge_agent.camera.layer.plan import Place
from edge_agent.camera.layer.reading import Cell, CellState
from edge_agent.cli import app
from edge_agent.config import LineConfig
from edge_agent.core.chain import GENESIS, link
from edge_agent.core.names import CodeKey
from edge_agent.ledger.journal import create_ledger
from edge_agent.ledger.reader import LedgerReader
from edge_agent.sqlite import connect
from sync.outbox import Outbox
from tests.camera.evidence.rig import (
    AT,
    CAMERA,
    configured,
    lost,
    note,
    picture,
    record,
    rejected,
    square,
    symbol,
)

ONE = "1f" * 32
LATER = "2026-11-22T09:30:00.000Z"
GREY, RED, GREEN = (128, 128, 128), (40, 40, 230), (80, 200, 40)
YELLOW = (0, 215, 255)
Run = Callable[..., Result]


def frame() -> Any:
    """White, with a dark square where `note` says that a symbol is."""
    pixels = np.full((400, 600), 255, np.uint8)
    pixels[10:50, 10:50] = pixels[10:50, 70:110] = 0
    return pixels


@pytest.fixture
def config(tmp_path: Path) -> LineConfig:
    config = configured(tmp_path)
    create_ledger(config.ledger_path)
    return config


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["evidence", str(tmp_path / "line.toml"), *arguments])

    return run


def seen(config: LineConfig, *texts: str) -> Picture:
    """The picture of a frame in which `texts` were read."""
    return encode(frame(), note(*texts), config.cameras[CAMERA].evidence)


def keep(config: LineConfig, *pictures: Picture, event: Any = rejected) -> None:
    """Each picture's reject in the ledger, and itself on disk."""
    keeper = EvidenceKeeper(config, CAMERA)
    keeper.start()
    for each in pictures:
        keeper.hold(each)
        record(config, event(each.sha256))
    keeper.close()


def fates(run: Run, *arguments: str) -> dict[int, str]:
    lines = run("--json", *arguments).stdout.splitlines()
    return {each["event"]: each["fate"] for each in map(json.loads, lines)}


def found_path(config: LineConfig) -> Path:
    (each,) = kept(config.evidence_path(CAMERA))
    return each.path


def test_without_an_event_it_lists_the_rejects_that_have_a_picture(
    config: LineConfig, run: Run
) -> None:
    keep(config, seen(config, "?"))
    record(config, rejected(None), rejected("ab" * 32, at=LATER))
    assert fates(run) == {1: "kept", 3: "awaited"}
    assert fates(run, "--from", "2026-11-22T09:00") == {3: "awaited"}
    assert fates(run, "--to", "2026-11-22T17:00+08:00") == {1: "kept"}
    table = run().stdout
    assert "MALFORMED" in table
    assert "kept" in table
    assert run("--from", "yesterday").exit_code == 1


@pytest.mark.parametrize("name", ["1", "sha256", "?"])
def test_a_picture_is_found_by_number_hash_and_code_proved_and_drawn(
    config: LineConfig, run: Run, name: str
) -> None:
    one = seen(config, "?", "U2")
    keep(config, one)
    done = run(one.sha256 if name == "sha256" else name, "-o", "seen.png", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["event"], told["picture"], told["written"]) == (1, one.sha256, "seen.png")
    assert (told["camera"], told["trigger"], told["taken"]) == (CAMERA, 7, AT)
    drawn = cv2.imread("seen.png")
    assert drawn is not None
    assert drawn.shape[0] > 400  # the caption hides nothing
    assert {tuple(map(int, drawn[30, x])) for x in range(8, 12)} & {RED}
    assert {tuple(map(int, drawn[30, x])) for x in range(68, 72)} & {GREEN}


def test_the_caption_says_event_reason_code_camera_time_and_what_was_amiss() -> None:
    seen, event = note("?", why="too dark"), rejected(ONE)
    said = caption_of(7, event, seen, "?", secret=False)
    assert said == f"event 7 | MALFORMED ? | camera {CAMERA} | {AT} | is no code | too dark"
    hidden = caption_of(7, event, seen, "…", secret=True)
    assert hidden == f"event 7 | MALFORMED … | camera {CAMERA} | {AT}"


def test_a_layers_cells_are_drawn_by_what_was_read_in_them(config: LineConfig, run: Run) -> None:
    cells = [
        Cell(Place(1, 1), CellState.READ, square(10, 10), (symbol("U1"),)),
        Cell(Place(1, 2), CellState.MISSING, square(70, 10)),
        Cell(Place(1, 3), CellState.DOUBLE, square(130, 10), (symbol("U1"),)),
    ]
    layer = replace(note("U1"), cells=tuple(cells), why="2 of 3 codes read; not read: r1c2")
    one = encode(frame(), layer, config.cameras[CAMERA].evidence)
    keep(config, one, event=lambda sha256: rejected(sha256, text=None))
    done = run("1", "-o", "seen.png")
    assert done.exit_code == 0, done.output
    assert "not read: r1c2" in done.stdout
    drawn = cv2.imread("seen.png")
    assert drawn is not None
    sides = [{tuple(map(int, drawn[30, x + dx])) for dx in range(-2, 3)} for x in (10, 70, 130)]
    assert [GREEN in sides[0], RED in sides[1], YELLOW in sides[2]] == [True] * 3


def test_a_no_read_has_its_picture_too(config: LineConfig, run: Run) -> None:
    keep(config, seen(config), event=lambda sha256: rejected(sha256, text=None))
    done = run("1")
    assert done.exit_code == 0, done.output
    assert "UNREAD" in done.stdout
    assert Path("bench-1.jpg").exists()


def test_raw_gives_the_very_bytes_whose_hash_is_in_the_event(config: LineConfig, run: Run) -> None:
    one = seen(config, "?")
    keep(config, one)
    assert run("1", "--raw", "-o", "raw").exit_code == 0
    assert Path("raw").read_bytes() == one.data


@pytest.mark.parametrize("at", [0, 700, -1])
def test_one_changed_bit_is_told_with_both_hashes_and_nothing_is_written(
    config: LineConfig, run: Run, at: int
) -> None:
    one = seen(config, "?")
    keep(config, one)
    forged = bytearray(one.data)
    forged[at] ^= 1
    found_path(config).write_bytes(forged)
    done = run("1", "-o", "seen.png")
    assert done.exit_code == 1
    assert "ALTERED" in done.output
    assert one.sha256 in done.output
    assert not Path("seen.png").exists()


def test_an_event_changed_in_the_ledger_proves_nothing(config: LineConfig, run: Run) -> None:
    one, other = seen(config, "?"), seen(config, "another")
    keep(config, one, other)
    connection = connect(config.ledger_path)
    connection.execute(
        "UPDATE journal SET body = replace(body, ?, ?) WHERE seq = 2", (other.sha256, one.sha256)
    )
    connection.close()
    done = run("2")
    assert done.exit_code == 1
    assert "event 2 does not follow event 1: the ledger was changed" in done.output


def test_a_lost_a_removed_and_a_missing_picture_are_told_apart(
    tmp_path: Path, config: LineConfig, run: Run
) -> None:
    small = configured(tmp_path, evidence="keep_mb = 10")
    pictures = [picture(n, 4_000_000) for n in range(3)]
    keep(small, *pictures)
    record(config, rejected("ab" * 32), lost("ab" * 32, "the disk is full"))
    keep(small)
    for each in kept(config.evidence_path(CAMERA)):
        if each.seq == 2:
            each.path.unlink()
    assert fates(run) == {1: "removed", 2: "missing", 3: "kept", 4: "lost"}
    assert "its picture is removed: for newer ones, 20" in run("1").output
    assert "its picture is missing: nothing says why" in run("2").output
    assert "its picture is lost: the disk is full (event 5," in run("4").output
    assert [run(each).exit_code for each in "124"] == [1, 1, 1]


def test_nobody_is_blamed_for_a_picture_of_which_the_camera_role_could_note_nothing(
    config: LineConfig, run: Run
) -> None:
    """Its first start was on a full disk, and it was killed."""
    in_the_way = config.evidence_path(CAMERA) / "settled.json"
    in_the_way.mkdir(parents=True)
    keeper = EvidenceKeeper(config, CAMERA)
    keeper.look()
    assert "it is not noted how far the ledger was read" in keeper.facts()["trouble"]
    record(config, rejected(picture(1).sha256))
    in_the_way.rmdir()

    keep(config, picture(2))

    assert fates(run) == {1: "missing", 2: "kept"}
    assert "or never came to the disk: camera overhead knows nothing of what was up to event 1" in (
        run("1").output
    )
    found_path(config).unlink()
    assert run("2").output.rstrip().endswith("nothing says why: it was removed by other hands")


def test_secret_codes_are_masked_and_covered_unless_asked_for(tmp_path: Path, run: Run) -> None:
    config = configured(tmp_path, line_keys="secret_codes = true")
    create_ledger(config.ledger_path)
    text = "SECRET-CODE-1234"
    keep(config, seen(config, text), event=lambda sha256: rejected(sha256, text=text))
    masked = [run(), run("--json"), run("1", "-o", "masked.png"), run("1", "--json")]
    assert all(done.exit_code == 0 for done in masked)
    assert not any(text in done.output for done in masked)
    assert "…1234" in masked[2].output
    shown = run("1", "-o", "shown.png", "--show-codes")
    assert text in shown.output
    covered, open_ = cv2.imread("masked.png"), cv2.imread("shown.png")
    assert covered is not None
    assert open_ is not None
    # Inside the symbol, beside the lines of the cross.
    assert tuple(covered[20, 30]) == GREY
    assert max(open_[20, 30]) < 40
    raw = run("1", "--raw")
    assert raw.exit_code == 1
    assert "give --show-codes" in raw.output
    assert run("1", "--raw", "--show-codes").exit_code == 0


def hash_of(config: LineConfig, seq: int) -> bytes:
    with LedgerReader(config.ledger_path) as ledger:
        return ledger.rows(seq - 1, 1)[0].hash


def acknowledged(config: LineConfig, seq: int) -> None:
    with Outbox(config.sync_path) as outbox:
        outbox.move(seq, hash_of(config, seq))


def test_it_says_whether_hq_holds_the_event_and_by_which_hash(config: LineConfig, run: Run) -> None:
    keep(config, seen(config, "?"))
    assert "HQ does not have the event yet" in run("1").stdout
    record(config, rejected(None), rejected(None))
    acknowledged(config, 2)
    done = run("1")
    assert "holds from there to its last event, 3;" in done.stdout
    assert f"HQ has it, too, and all of this chain up to event 2, {hash_of(config, 2).hex()}" in (
        done.stdout
    )
    told = json.loads(run("1", "--json").stdout)
    assert (told["at_hq"], told["chained_to"], told["chain"]) == (True, 3, hash_of(config, 3).hex())
    config.sync_path.write_bytes(b"no database, " * 500)
    assert "whether HQ has the event cannot be told" in run("1").stdout


def rewrite(config: LineConfig, run: Run, forged: Picture, to: int) -> Result:
    """The picture of event 1, its name in the event, and all hashes up to event `to`, replaced."""
    path = found_path(config)
    path.unlink()
    path.with_name(f"0000000001-{forged.sha256}.jpg").write_bytes(forged.data)
    connection = connect(config.ledger_path)
    connection.execute(
        "UPDATE journal SET body = json_set(body, '$.picture', ?) WHERE seq = 1", (forged.sha256,)
    )
    rows = connection.execute("SELECT seq, body FROM journal WHERE seq <= ? ORDER BY seq", (to,))
    value = GENESIS
    for seq, body in rows.fetchall():
        value = link(value, seq, body)
        connection.execute("UPDATE journal SET hash = ? WHERE seq = ?", (value, seq))
    connection.close()
    return run("1", "-o", "seen.png")


def test_an_event_forged_with_its_picture_and_hash_does_not_fit_the_chain_behind_it(
    config: LineConfig, run: Run
) -> None:
    keep(config, seen(config, "?"))
    record(config, rejected(None), rejected(None))
    done = rewrite(config, run, seen(config, "forged"), to=1)
    assert done.exit_code == 1
    assert "event 2 does not follow event 1: the ledger was changed" in done.output
    assert not Path("seen.png").exists()


@pytest.mark.parametrize("cursor", [1, 2])
def test_a_chain_forged_to_its_end_is_not_the_one_that_hq_acknowledged(
    config: LineConfig, run: Run, cursor: int
) -> None:
    keep(config, seen(config, "?"))
    record(config, rejected(None), rejected(None))
    acknowledged(config, cursor)
    done = rewrite(config, run, seen(config, "forged"), to=3)
    assert done.exit_code == 1
    assert f"event {cursor} is not the one that HQ acknowledged" in done.output
    assert not Path("seen.png").exists()


def test_a_ledger_shorter_than_what_hq_acknowledged_proves_nothing(
    config: LineConfig, run: Run
) -> None:
    keep(config, seen(config, "?"))
    with Outbox(config.sync_path) as outbox:
        outbox.move(9, bytes(32))
    done = run("1")
    assert done.exit_code == 1
    assert "HQ acknowledged event 9, and the ledger ends with 1" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2"], "event 2 has no picture: no camera saw it"),
        (["3"], "event 3 is picture_lost, expected a rejected one"),
        (["99"], "no reject with a picture is number, picture or code '99'"),
        (["0"], "no reject with a picture"),
        (["ab" * 32], "no reject with a picture"),
        (["1", "-o", "x.gif"], "--output is x.gif, expected a name with .png"),
        (["1", "-o", "nowhere/x.png"], "nowhere/x.png"),
    ],
)
def test_what_cannot_be_found_or_written_is_said(
    config: LineConfig, run: Run, arguments: list[str], said: str
) -> None:
    keep(config, seen(config, "?"))
    record(config, rejected(None), lost("ab" * 32))
    done = run(*arguments)
    assert done.exit_code == 1
    assert said in done.output


def test_of_a_code_the_last_reject_is_shown(config: LineConfig, run: Run) -> None:
    first, last = seen(config, "U1"), seen(config, "U1", "U2")

    def duplicate(sha256: str) -> Any:
        return replace(rejected(sha256, text="U1"), key=CodeKey("plain:U1"))

    keep(config, first, last, event=duplicate)
    assert json.loads(run("U1", "--json").stdout)["picture"] == last.sha256
