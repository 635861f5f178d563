"""The demo's reckoning of its camera: it must see what does not agree."""

from hashlib import sha256
from pathlib import Path

from drivers.sim.truth import ContainerTruth, Truth
from edge_agent.core.events import Commissioned, Event, PictureLost, Reason, Rejected
from edge_agent.core.names import CodeKey, LevelName, StationName
from edge_agent.demo.case_camera import (
    CameraAccount,
    counts,
    is_settled,
    label_differences,
    picture_differences,
)
from edge_agent.demo.workspace import CASES

PICTURE = b"a picture"
NAME = sha256(PICTURE).hexdigest()
OTHER = sha256(b"another").hexdigest()
AT = "2026-11-22T05:00:00.000Z"
HERE = StationName(CASES)


def rejected(picture: str, reason: Reason = Reason.UNREAD) -> Rejected:
    return Rejected(at=AT, station=HERE, reason=reason, detail="", picture=picture)


def accepted(label: str) -> Commissioned:
    return Commissioned(
        at=AT, station=HERE, key=CodeKey(label), level=LevelName("case"), text=label
    )


def keep(directory: Path, name: str, data: bytes) -> None:
    day = directory / "2026-11-22"
    day.mkdir(parents=True, exist_ok=True)
    (day / f"0000000001-{name}.jpg").write_bytes(data)


def test_a_picture_that_is_kept_as_the_ledger_says_is_no_difference(tmp_path: Path) -> None:
    account = CameraAccount.of([rejected(NAME)])
    assert not is_settled(account, tmp_path)
    keep(tmp_path, NAME, PICTURE)
    assert is_settled(account, tmp_path)
    assert picture_differences(account, tmp_path) == []


def test_a_picture_that_was_changed_misses_or_belongs_to_nothing_is_told(tmp_path: Path) -> None:
    keep(tmp_path, NAME, PICTURE + b"!")
    (changed,) = picture_differences(CameraAccount.of([rejected(NAME)]), tmp_path)
    assert changed.said == {"ledger": NAME, "evidence": sha256(PICTURE + b"!").hexdigest()}
    (missing,) = picture_differences(CameraAccount.of([rejected(NAME)]), tmp_path / "none")
    assert missing.said == {"ledger": NAME, "evidence": None}
    keep(tmp_path, NAME, PICTURE)
    (stray,) = picture_differences(CameraAccount.of([]), tmp_path)
    assert stray.said == {"ledger": None, "evidence": NAME}


def test_a_picture_whose_loss_is_recorded_need_not_be_there(tmp_path: Path) -> None:
    lost = PictureLost(at=AT, station=HERE, picture=OTHER, why="disk full")
    account = CameraAccount.of([rejected(OTHER), lost])
    assert is_settled(account, tmp_path)
    assert picture_differences(account, tmp_path) == []


def test_a_label_on_a_case_that_was_not_accepted_and_a_covered_one_that_was_are_told() -> None:
    case = ContainerTruth("case", code="00B", scans=3, replaced=["00A"])
    truth = Truth(1, cases=[case, ContainerTruth("case")])
    assert label_differences(CameraAccount.of([accepted("00B")]), truth) == []
    found = label_differences(CameraAccount.of([accepted("00A")]), truth)
    assert [(each.subject, each.said["plant"], each.said["ledger"]) for each in found] == [
        ("00A", None, "accepted"),
        ("00B", "on a case", None),
    ]


def test_what_the_camera_did_is_counted_apart_from_other_stations(tmp_path: Path) -> None:
    events: list[Event] = [
        accepted("00A"),
        rejected(NAME),
        rejected(OTHER, Reason.INCOMPLETE),
        Rejected(at=AT, station=StationName("belt"), reason=Reason.UNREAD, detail=""),
    ]
    keep(tmp_path, NAME, PICTURE)
    truth = Truth(1, cases=[ContainerTruth("case", code="00A", scans=4, replaced=["00B"])])
    rungs = {"zxing": {"tries": 9, "found": 5}, "zbar": {"tries": 3, "found": 2}}
    told = counts(CameraAccount.of(events), truth, tmp_path, {"frames": 50, "rungs": rungs})
    assert told == {
        "cases read": 1, "no-reads": 1, "refused": 1, "labels replaced": 1, "cases put in": 4,
        "frames": 50, "frames with a code": 7, "zbar asked": 3, "by zbar": 2,
        "pictures": 1, "pictures lost": 0,
    }  # fmt: skip
