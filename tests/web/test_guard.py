"""What may not be asked."""

from __future__ import annotations

import pytest

from searchkit.web.guard import Rates, client_of, host_of


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("localhost:8000", "localhost"),
        ("LOCALHOST", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]:8000", "::1"),
        ("[::1]", "::1"),
        ("localhost.evil.example:8000", "localhost.evil.example"),
        ("localhost:80:80", "localhost:80"),
        ("evil.example#localhost", "evil.example#localhost"),
    ],
)
def test_the_host_is_without_its_port(header: str, expected: str) -> None:
    assert host_of(header) == expected


def test_a_household_is_one_client() -> None:
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:1") != client_of("2001:db8:0:1::1")
    assert client_of("10.0.0.1") != client_of("10.0.0.2")
    assert client_of("testclient") == "testclient"


def test_a_bucket_fills_with_time() -> None:
    now = 0.0
    rates = Rates(2.0, 3.0, lambda: now)
    assert [rates.wait("a") for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    assert rates.wait("b") == 0
    now = 0.5
    assert [rates.wait("a"), rates.wait("a")] == [0, 0.5]
    now = 1000.0
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_without_a_rate_nobody_waits() -> None:
    rates = Rates(0.0, 0.0)
    assert not any(rates.wait("a") for _ in range(1000))


def test_clients_are_forgotten_when_there_are_many() -> None:
    now = 0.0
    rates = Rates(1.0, 1.0, lambda: now)
    for number in range(20_000):
        rates.wait(str(number))
    assert len(rates._buckets) == 10_000
