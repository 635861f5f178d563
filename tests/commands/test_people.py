"""`edge-agent people`, against a line that runs."""

import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from edge_agent.people.secrets import badge_digest
from edge_agent.people.store import read_people
from tests.line.conftest import LineProcess, TcpScanner, running_bench, scanner

__all__ = ["scanner"]


def people(bench: LineProcess, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command, *rest = arguments
    line = [sys.executable, "-m", "edge_agent", "people", command, bench.path, *rest]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


def test_the_first_supervisor_gets_a_badge_and_adds_and_revokes_the_others(
    tmp_path: Path, scanner: TcpScanner
) -> None:
    with running_bench(tmp_path, scanner) as bench:
        pdf = tmp_path / "li.pdf"
        add = ("add", "li", "--name", "李伟", "--role", "supervisor", "--badge", pdf)
        done = people(bench, *add)
        assert done.returncode == 0, done.stderr
        page = pypdfium2.PdfDocument(pdf)[0].render(scale=4).to_pil()
        (code,) = zxingcpp.read_barcodes(page)
        assert code.text.startswith("EA:BADGE:")
        (li,) = read_people(bench.config.people_path)
        assert li.badge_digest == badge_digest(code.text.removeprefix("EA:BADGE:"))
        assert scanner.scan(code.text) == "ACK"
        assert bench.events()[-1]["kind"] == "signed_in"

        wang = ("add", "wang", "--name", "王芳", "--role", "operator")
        refused = people(bench, *wang, "--badge", tmp_path / "wang.pdf")
        assert refused.returncode == 1
        assert "by is missing" in refused.stderr
        assert not (tmp_path / "wang.pdf").exists()
        assert people(bench, *wang, "--by", "li").returncode == 0
        assert people(bench, "revoke", "wang", "--by", "li", "--why", "left").returncode == 0
        listed = people(bench, "list").stdout
        assert "li  supervisor  李伟  (badge)" in listed
        assert "wang  operator  王芳  (revoked 20" in listed
        edited = [e for e in bench.events() if e["kind"] == "edited"]
        assert [(e["id"], e.get("by"), e["why"]) for e in edited] == [
            ("li", None, "new on the line"), ("wang", "li", "new on the line"),
            ("wang", "li", "left"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("add", "li", "--name", "Li", "--role", "boss"), "--role is 'boss', expected one of"),
        (("badge", "ghost", "--pdf", "x.pdf"), "there is nobody with the id 'ghost'"),
        (("revoke", "ghost", "--why", "left"), "is the role running?"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, scanner: TcpScanner, arguments: tuple[str, ...], fault: str
) -> None:
    with running_bench(tmp_path, scanner) as bench:
        bench.stop()
        done = people(bench, *arguments)
    assert done.returncode != 0
    assert fault in done.stderr
