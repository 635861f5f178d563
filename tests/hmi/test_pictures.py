"""What a camera sees, and saw in a reject, on the screen."""

import base64
import hashlib
import io
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.hmi import scenes
from tests.hmi.conftest import HmiProcess, Opener
from tests.hmi.fake_line import FakeLine


def jpeg(width: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, 90), 128).save(buffer, "jpeg")
    return buffer.getvalue()


def test_the_layers_page_shows_what_the_camera_sees(
    opened: Opener, line: FakeLine, workspace: Path
) -> None:
    page = opened("/station/layer")
    expect(page.locator(".picture")).to_contain_text("相机没有画面")

    async def look(_: dict[str, Any]) -> dict[str, Any]:
        return {"picture": base64.b64encode(jpeg(160)).decode()}

    close = line.serve_also(workspace / "run/line-1-camera-top.sock", {"look": look})
    expect(page.locator(".picture img")).to_be_visible()
    assert page.locator(".picture img").evaluate("image => image.naturalWidth") == 160
    close()
    expect(page.locator(".picture")).to_contain_text("相机没有画面")


def keep(workspace: Path, data: bytes) -> str:
    """A picture among the evidence of today. Returns its SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    day = workspace / f"data/line-1/evidence/top/{datetime.now(UTC):%Y-%m-%d}"
    day.mkdir(parents=True, exist_ok=True)
    (day / f"0000000012-{sha256}.jpg").write_bytes(data)
    return sha256


def test_a_reject_is_shown_with_its_picture(
    opened: Opener, line: FakeLine, workspace: Path
) -> None:
    sha256 = keep(workspace, jpeg(170))
    last = scenes.read(50, scenes.Tone.BAD, reason=scenes.Reason.UNREAD, picture=sha256)
    line.show(scenes.line(scenes.station("inline", last=last)))
    picture = opened("/station/inline").locator(".last-picture")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 170


@pytest.mark.parametrize("name", ["0" * 64, "..%2F..%2Fledger.db", "*", "%2A" * 64])
def test_nothing_but_a_kept_picture_is_served(hmi: HmiProcess, workspace: Path, name: str) -> None:
    keep(workspace, jpeg(180))
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{hmi.url}/evidence/{name}", timeout=10)
    assert refused.value.code == 404
    refused.value.close()
