"""A packing bench over a real socket, the line role in its own process."""

import subprocess
import sys
from pathlib import Path

from tests.line.conftest import LineProcess, TcpScanner, running_bench, sscc, unit

CASE_1, CASE_2 = sscc(0, 1), sscc(0, 2)
PALLET = sscc(1, 1)


def last_reject(line: LineProcess) -> dict[str, object]:
    return [e for e in line.events() if e["kind"] == "rejected"][-1]


def test_units_become_a_case_and_cases_a_pallet(bench: LineProcess, scanner: TcpScanner) -> None:
    for number in range(3):
        assert scanner.scan(unit(number)) == "ACK"
    assert scanner.scan(CASE_1) == "ACK"
    for number in range(3, 6):
        assert scanner.scan(unit(number)) == "ACK"
    assert scanner.scan(CASE_2) == "ACK"
    assert scanner.scan(PALLET) == "ACK"
    closed = {e["key"]: e["children"] for e in bench.events() if e["kind"] == "closed"}
    assert closed == {
        CASE_1: [unit(0), unit(1), unit(2)],
        CASE_2: [unit(3), unit(4), unit(5)],
        PALLET: [CASE_1, CASE_2],
    }


def test_a_child_packed_elsewhere_is_refused_and_the_answer_names_where(
    bench: LineProcess, scanner: TcpScanner
) -> None:
    for text in (unit(0), unit(1), unit(2), CASE_1):
        assert scanner.scan(text) == "ACK"
    assert scanner.scan(unit(1)) == "NAK"
    reject = last_reject(bench)
    assert reject["reason"] == "ALREADY_PACKED"
    assert CASE_1 in str(reject["detail"])
    assert reject["first"] == {"seq": 3, "at": bench.events()[2]["at"], "station": "bench"}


def test_an_sscc_where_a_unit_is_due_and_a_unit_where_a_case_is_due_are_told_apart(
    bench: LineProcess, scanner: TcpScanner
) -> None:
    assert scanner.scan(CASE_1) == "NAK"
    assert last_reject(bench)["reason"] == "INCOMPLETE"
    for number in range(3):
        assert scanner.scan(unit(number)) == "ACK"
    assert scanner.scan(unit(3)) == "NAK"
    assert last_reject(bench)["reason"] == "OVERFULL"


def test_the_same_scan_again_is_suppressed_and_counted(tmp_path: Path, scanner: TcpScanner) -> None:
    with running_bench(tmp_path, scanner, reread_ms=60_000) as bench:
        assert scanner.scan(unit(0)) == "ACK"
        assert scanner.scan(unit(0)) == "ACK"
        bench.wait_until(lambda s: s["suppressed"]["bench"] == 1)
        assert [e["kind"] for e in bench.events()] == ["commissioned", "packed"]


def test_every_bad_input_is_answered_with_a_reject_and_its_reason(
    bench: LineProcess, scanner: TcpScanner
) -> None:
    wrong_check_digit = "010697123456780321" + "0" * 12
    for data, reason in (
        (b"\x80\xff\xfegarbage\r", "MALFORMED"),
        ("01069712345678022100中\r".encode(), "MALFORMED"),
        (wrong_check_digit.encode() + b"\r", "MALFORMED"),
        (b"hello\x07\r", "MALFORMED"),
        (unit(1, "04006381333931").encode() + b"\r", "WRONG_PRODUCT"),
        (b"x" * 10_000_000 + b"\r", "MALFORMED"),
    ):
        scanner.send(data)
        assert scanner.answer() == "NAK"
        assert last_reject(bench)["reason"] == reason
    assert scanner.scan(unit(7)) == "ACK"


def test_two_codes_in_one_packet_and_one_code_in_twenty_are_read(
    bench: LineProcess, scanner: TcpScanner
) -> None:
    scanner.send(f"{unit(1)}\r\n{unit(2)}\r\n".encode())
    assert [scanner.answer(), scanner.answer()] == ["ACK", "ACK"]
    text = unit(3).encode() + b"\r\n"
    for start in range(0, len(text), 2):
        scanner.send(text[start : start + 2])
    assert scanner.answer() == "ACK"


def test_empty_lines_are_no_reads(bench: LineProcess, scanner: TcpScanner) -> None:
    scanner.send(b"\r\n\r\n\r\r\n")
    assert scanner.scan(unit(1)) == "ACK"
    assert [e["kind"] for e in bench.events()] == ["commissioned", "packed"]


def test_a_kill_loses_nothing_that_was_answered(bench: LineProcess, scanner: TcpScanner) -> None:
    assert scanner.scan(unit(0)) == "ACK"
    assert scanner.scan(unit(1)) == "ACK"
    bench.kill()
    bench.start()
    scanner.accept()
    assert scanner.scan(unit(1)) == "NAK"
    assert scanner.scan(unit(2)) == "ACK"
    assert scanner.scan(CASE_1) == "ACK"
    closed = [e for e in bench.events() if e["kind"] == "closed"]
    assert [e["children"] for e in closed] == [[unit(0), unit(1), unit(2)]]


def test_the_scan_that_closed_a_case_may_be_repeated_after_a_lost_answer(
    bench: LineProcess, scanner: TcpScanner
) -> None:
    for number in range(3):
        scanner.scan(unit(number))
    assert scanner.scan(CASE_1) == "ACK"
    bench.kill()
    bench.start()
    scanner.accept()
    assert scanner.scan(CASE_1) == "ACK"
    assert [e["kind"] for e in bench.events()].count("closed") == 1


def test_an_unplugged_scanner_is_shown_and_comes_back(
    bench: LineProcess, scanner: TcpScanner
) -> None:
    scanner.unplug()
    scanner.accept()
    status = bench.wait_until(lambda s: s["devices"]["handheld"]["link"] == "up")
    assert status["devices"]["handheld"]["losses"] == 1
    assert scanner.scan(unit(0)) == "ACK"
    assert bench.log().count('"device": "handheld"') == 3  # up, gone, back


def test_a_second_line_role_on_the_same_ledger_is_refused(
    bench: LineProcess, scanner: TcpScanner
) -> None:
    command = [sys.executable, "-m", "edge_agent", "line", str(bench.path)]
    second = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert second.returncode == 1
    assert b"another process writes this ledger" in second.stderr
    assert scanner.scan(unit(0)) == "ACK"


def test_terminate_ends_cleanly(bench: LineProcess, scanner: TcpScanner) -> None:
    assert scanner.scan(unit(0)) == "ACK"
    assert bench.stop() == 0
