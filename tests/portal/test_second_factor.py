"""A code of an authenticator app is good once, wherever it was used."""

import time

import pytest
from django.core.cache import cache
from django.test import Client

from fusion.access.actor import VIEWER
from tests.portal.mail_requests import code_of, confirmed, switch_on
from tests.portal.people import PASSWORD, make_person, signed_in
from tests.world import World


@pytest.fixture(autouse=True)
def steady() -> None:
    """No attempts of other tests; and enough of the half minute left for one test."""
    cache.clear()
    left = 30 - time.time() % 30
    if left < 12:
        time.sleep(left + 0.1)


def sign_in(email: str, code: str) -> bool:
    """Whether somebody gets in with their password and this code."""
    client = Client()
    client.post("/sign-in", {"login": email, "password": PASSWORD})
    client.post("/sign-in/second-factor", {"code": code})
    return client.get("/account/security").status_code == 200


def test_the_code_that_switched_it_on_does_not_sign_in(world: World) -> None:
    person = make_person((world.group, VIEWER))
    secret = switch_on(signed_in(person))
    assert not sign_in(person.email, code_of(secret))
    assert sign_in(person.email, code_of(secret, ahead=1))
    assert not sign_in(person.email, code_of(secret, ahead=1)), "nor does one that has signed in"


def test_a_code_confirms_only_once(world: World) -> None:
    person = make_person((world.group, VIEWER))
    client = signed_in(person)
    secret = switch_on(client)
    path = "/account/confirm/code"
    assert client.post(path, {"code": code_of(secret)}).status_code == 200
    assert client.post(path, {"code": code_of(secret, ahead=1)}).status_code == 302
    assert not sign_in(person.email, code_of(secret, ahead=1))
    assert sign_in(person.email, code_of(secret, ahead=-1))


def test_a_code_enables_the_second_factor_once(world: World) -> None:
    """The code counts for the person, not for the whole installation."""
    for _ in range(2):
        switch_on(signed_in(make_person((world.group, VIEWER))))


def test_a_wrong_code_switches_nothing_on(world: World) -> None:
    person = make_person((world.group, VIEWER))
    client = signed_in(person)
    confirmed(client, "/account/second-factor/on")
    assert client.post("/account/second-factor/on", {"code": "000000"}).status_code == 200
    client = Client()
    client.post("/sign-in", {"login": person.email, "password": PASSWORD})
    assert client.get("/account/security").status_code == 200
