"""Whose address a request has: what trusted proxies say, and nothing that anybody else says."""

from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from fusion.kernel.client_address import client_address
from fusion.kernel.proxies import MOST_ENTRIES, normal_address, read_proxies

NETWORKS = "10.0.0.0/8, fd00::/8, 127.0.0.1"


def wanted(monkeypatch: pytest.MonkeyPatch, trusted: str, peer: str, **headers: str) -> str:
    """The client's address of a request with these headers."""
    monkeypatch.setenv("FUSION_TRUSTED_PROXIES", trusted)
    given: dict[str, Any] = {"REMOTE_ADDR": peer, **headers}
    return client_address(RequestFactory().get("/", **given).META)


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        # Nobody is trusted: the connection counts.
        ("", "192.0.2.1", "198.51.100.1", "192.0.2.1"),
        ("", "10.0.0.1", "198.51.100.1", "10.0.0.1"),
        # An untrusted peer says nothing.
        (NETWORKS, "192.0.2.1", "198.51.100.1", "192.0.2.1"),
        (NETWORKS, "192.0.2.1", "10.0.0.1", "192.0.2.1"),
        # One proxy, two proxies, a client that forges, a client within the networks.
        (NETWORKS, "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (NETWORKS, "10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (NETWORKS, "10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (NETWORKS, "10.0.0.1", "10.9.9.9, 198.51.100.1", "198.51.100.1"),
        (NETWORKS, "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (NETWORKS, "10.0.0.1", "", "10.0.0.1"),
        # IPv6, ports, brackets, quotes, mapped addresses.
        (NETWORKS, "fd00::1", "2001:db8::1", "2001:db8::1"),
        (NETWORKS, "fd00::1", "[2001:DB8:0::1]:443", "2001:db8::1"),
        (NETWORKS, "fd00::1", '"[2001:db8::1]:443"', "2001:db8::1"),
        (NETWORKS, "::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        (NETWORKS, "127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        # Garbage ends the search at the proxy that passed it on.
        (NETWORKS, "10.0.0.1", "unknown", "10.0.0.1"),
        (NETWORKS, "10.0.0.1", "198.51.100.1, _hidden", "10.0.0.1"),
        (NETWORKS, "10.0.0.1", "198.51.100.1,, 10.0.0.2", "10.0.0.2"),
        (NETWORKS, "10.0.0.1", "fe80::1%eth0", "10.0.0.1"),
        (NETWORKS, "10.0.0.1", "198.51.100.1 or so", "10.0.0.1"),
        (NETWORKS, "10.0.0.1", "999.1.1.1", "10.0.0.1"),
        # A number of proxies.
        ("1", "192.0.2.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("2", "192.0.2.1", "203.0.113.9, 198.51.100.1, 192.0.2.2", "198.51.100.1"),
        ("2", "192.0.2.1", "198.51.100.1", "198.51.100.1"),
        ("1", "192.0.2.1", "junk", "192.0.2.1"),
        ("0", "192.0.2.1", "198.51.100.1", "192.0.2.1"),
    ],
)
def test_the_client(
    monkeypatch: pytest.MonkeyPatch, trusted: str, peer: str, forwarded: str, client: str
) -> None:
    assert wanted(monkeypatch, trusted, peer, HTTP_X_FORWARDED_FOR=forwarded) == client


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("for=198.51.100.1", "198.51.100.1"),
        ('For="[2001:db8::1]:4711";proto=https, for=10.0.0.2;by=10.0.0.1', "2001:db8::1"),
        ("for=203.0.113.9, for=198.51.100.1", "198.51.100.1"),
        ("proto=https", "10.0.0.1"),
        ("for=unknown", "10.0.0.1"),
        (";;;,,,=", "10.0.0.1"),
    ],
)
def test_forwarded_is_used_without_x_forwarded_for(
    monkeypatch: pytest.MonkeyPatch, header: str, client: str
) -> None:
    assert wanted(monkeypatch, NETWORKS, "10.0.0.1", HTTP_FORWARDED=header) == client
    both = {"HTTP_FORWARDED": header, "HTTP_X_FORWARDED_FOR": "192.0.2.77"}
    assert wanted(monkeypatch, NETWORKS, "10.0.0.1", **both) == "192.0.2.77"
    assert wanted(monkeypatch, NETWORKS, "192.0.2.1", HTTP_FORWARDED=header) == "192.0.2.1"
    assert wanted(monkeypatch, "", "10.0.0.1", HTTP_FORWARDED=header) == "10.0.0.1"


@given(st.lists(st.text(max_size=20), max_size=50))
def test_entries_before_that_of_a_proxy_are_ignored(forged: list[str]) -> None:
    """A proxy appends what it has seen; what came before changes nothing, and junk is no fault."""
    proxies = read_proxies(NETWORKS)
    chain = ",".join(forged).split(",")
    assert proxies.client_of("10.0.0.1", [*chain, "198.51.100.1"]) == "198.51.100.1"
    assert proxies.client_of("192.0.2.1", chain) == "192.0.2.1"
    answer = proxies.client_of("10.0.0.1", chain)
    assert normal_address(answer) == answer


@pytest.mark.parametrize("text", ["-1", "x", "10.0.0.0/33", "1, ::1, x", "99", "10.0.0.0/8;"])
def test_settings_that_cannot_be_used(text: str) -> None:
    with pytest.raises(ValueError):
        read_proxies(text)


def test_settings() -> None:
    assert read_proxies(" 2 ").hops == 2
    assert len(read_proxies(NETWORKS).networks) == 3
    assert read_proxies(str(MOST_ENTRIES)).hops == MOST_ENTRIES
    assert read_proxies("") == read_proxies("0")
