"""Badges and PINs."""

import time

import pytest

from edge_agent.core.commands import BadgeScan, control
from edge_agent.people.secrets import (
    KEYS_LIMIT,
    Throttle,
    badge_digest,
    hash_pin,
    is_pin,
    is_pin_hash,
    new_badge,
)


def test_a_badge_is_128_random_bits_and_its_barcode_is_a_control_text() -> None:
    badges = {new_badge() for _ in range(100)}
    assert len(badges) == 100
    for secret in badges:
        assert len(secret) * 5 >= 128
        assert secret.isalnum() and secret.isupper()
        assert control(f"EA:BADGE:{secret}") == BadgeScan(secret)
        assert secret not in badge_digest(secret)


def test_any_text_that_a_scanner_sends_has_a_digest() -> None:
    assert len(badge_digest("\ud800 中文 \0")) == 64


def test_a_pin_is_kept_as_argon2id_over_19_mib_and_only_it_verifies() -> None:
    kept = hash_pin("4711")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert is_pin_hash(kept)
    assert "4711" not in kept
    assert kept != hash_pin("4711")
    assert is_pin("4711", kept)
    assert not is_pin("4712", kept)
    assert not is_pin("4711", "no hash at all")
    assert not is_pin_hash("4711")


@pytest.mark.parametrize("pin", ["", "123", "1" * 13, "12a4", "١٢٣٤", "1234\n", " 1234"])
def test_what_is_no_pin_is_refused(pin: str) -> None:
    with pytest.raises(ValueError, match="4 to 12 digits"):
        hash_pin(pin)


def test_after_so_many_failures_a_station_waits_and_the_others_do_not() -> None:
    throttle = Throttle(attempts=3, pause_us=60_000_000)
    now = 1_000
    for _ in range(2):
        throttle.failed("bench", now)
        assert throttle.pause_us("bench", now) == 0
    throttle.failed("bench", now)
    assert throttle.pause_us("bench", now) == 60_000_000
    assert throttle.pause_us("bench", now + 59_999_999) == 1
    assert throttle.pause_us("pallet", now) == 0
    now += 60_000_000
    assert throttle.pause_us("bench", now) == 0
    throttle.failed("bench", now)
    throttle.failed("bench", now)
    assert throttle.pause_us("bench", now) == 0
    throttle.failed("bench", now)
    assert throttle.pause_us("bench", now) == 120_000_000


def test_each_pause_is_twice_as_long_up_to_an_hour() -> None:
    throttle, pauses = Throttle(attempts=1, pause_us=60_000_000), []
    for _ in range(9):
        throttle.failed("bench", 0)
        pauses.append(throttle.pause_us("bench", 0) // 60_000_000)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_success_forgives_the_failures_before() -> None:
    throttle = Throttle(attempts=2, pause_us=1_000)
    throttle.failed("bench", 0)
    throttle.succeeded("bench")
    throttle.failed("bench", 1)
    assert throttle.pause_us("bench", 1) == 0


def test_failures_of_many_browsers_hold_no_memory() -> None:
    throttle = Throttle(attempts=1, pause_us=1_000)
    for number in range(3 * KEYS_LIMIT):
        throttle.failed(f"browser-{number}", 0)
    assert throttle.pause_us("browser-0", 0) == 0
    assert throttle.pause_us(f"browser-{3 * KEYS_LIMIT - 1}", 0) == 1_000


def test_checking_a_pin_lets_other_threads_run() -> None:
    from threading import Event, Thread

    kept, done = hash_pin("4711"), Event()
    turns = 0
    thread = Thread(target=lambda: (is_pin("4711", kept), done.set()))
    thread.start()
    while not done.is_set():
        turns += 1
        time.sleep(0.001)
    thread.join()
    assert turns > 1
