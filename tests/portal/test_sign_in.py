"""Signing in, and what someone without a right to must not get out of it."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from fusion.access.actor import VIEWER
from fusion.kernel.ids import new_id
from tests.portal.people import PASSWORD, make_person, signed_in
from tests.world import World


@pytest.fixture(autouse=True)
def unlimited() -> None:
    """Attempts are counted for all tests together: each begins with none."""
    cache.clear()


def enter(email: str, password: str = PASSWORD, client: Client | None = None, **more: Any) -> Any:
    """Send the form of the sign-in page."""
    fields = {"login": email, "password": password, **more}
    return (client or Client()).post("/sign-in", fields)


def test_signing_in_and_out(world: World) -> None:
    person = make_person((world.group, VIEWER))
    client = Client()
    response = enter(person.email.upper(), client=client)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    assert client.post("/sign-out").status_code == 302
    assert client.get("/").headers["Location"].startswith("/sign-in")


def test_the_session_cookie_is_guarded(world: World) -> None:
    person = make_person((world.group, VIEWER))
    client = Client()
    enter(person.email, client=client)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"


@pytest.mark.parametrize("email", ["", "x", "nobody@example.com"])
def test_wrong_entries(world: World, email: str) -> None:
    client = Client()
    assert "You are not signed in" in enter(email, client=client).content.decode()
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(world: World) -> None:
    person = make_person((world.group, VIEWER))
    unknown = enter(f"{new_id()}@example.com", "wrong wrong wrong")
    known = enter(person.email, "wrong wrong wrong")
    assert unknown.status_code == known.status_code
    assert _without_what_differs(unknown) == _without_what_differs(known)


def _without_what_differs(response: Any) -> str:
    text = response.content.decode()
    return re.sub(r'[\w.-]+@example\.com|csrfmiddlewaretoken" value="\w+"', "", text)


def test_session_fixation(world: World) -> None:
    """A key that somebody has planted before is worth nothing after signing in."""
    person = make_person((world.group, VIEWER))
    client = Client()
    client.get("/sign-in")
    client.session["planted"] = True
    session = client.session
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    enter(person.email, client=client)
    after = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert after != session.session_key
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    assert thief.get("/").status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "https:///evil.example",
    ],
)
def test_open_redirects(world: World, target: str) -> None:
    person = make_person((world.group, VIEWER))
    assert enter(person.email, next=target).headers["Location"] == "/"
    client = signed_in(person)
    for path, fields in (
        ("/account/theme", {"theme": "dark"}),
        ("/account/language", {"language": "fr"}),
    ):
        response = client.post(path, {**fields, "next": target})
        assert response.headers["Location"] == "/", path
    assert "evil" not in client.post("/sign-out", {"next": target}).headers["Location"]


def test_a_page_is_returned_to(world: World) -> None:
    person = make_person((world.group, VIEWER))
    location = Client().get("/account?x=1").headers["Location"]
    assert location == "/sign-in?next=/account%3Fx%3D1"
    assert enter(person.email, next="/account?x=1").headers["Location"] == "/account?x=1"


def test_guessing_one_password_is_throttled(world: World) -> None:
    person = make_person((world.group, VIEWER))
    texts = [enter(person.email, f"wrong {attempt}").content.decode() for attempt in range(6)]
    assert "Too many failed login attempts" not in texts[0]
    assert "Too many failed login attempts" in texts[-1]
    client = Client()
    enter(person.email, client=client)
    assert client.get("/").status_code == 302, "the right password comes too late as well"
    other = make_person((world.group, VIEWER))
    assert enter(other.email).status_code == 302, "nobody else is kept out by it"


def test_guessing_from_one_address_is_throttled(world: World) -> None:
    for attempt in range(30):
        enter(f"{attempt}-{new_id()}@example.com", "wrong wrong wrong")
    text = enter(f"{new_id()}@example.com", "wrong wrong wrong").content.decode()
    assert "Too many failed login attempts" in text


def test_forms_from_elsewhere_are_refused(world: World) -> None:
    person = make_person((world.group, VIEWER))
    client = signed_in(person, enforce_csrf_checks=True)
    for path in ("/account", "/account/theme", "/account/organization", "/sign-out", "/sign-in"):
        response = client.post(path, {"theme": "dark"})
        assert response.status_code == 403, path
        assert "Nothing was changed" in response.content.decode()
    assert client.get("/").status_code == 200, "they are still signed in"


def test_forms_with_the_origin_of_another_site_are_refused(world: World) -> None:
    client = signed_in(make_person((world.group, VIEWER)), enforce_csrf_checks=True)
    client.get("/account", follow=True)
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    for origin in ("https://evil.example", "null"):
        response = client.post(
            "/account/theme",
            {"theme": "dark", "csrfmiddlewaretoken": token},
            headers={"Origin": origin},
        )
        assert response.status_code == 403


def test_pages_cannot_be_framed(world: World) -> None:
    client = signed_in(make_person((world.group, VIEWER)))
    for response in (client.get("/"), Client().get("/sign-in"), client.get("/nowhere")):
        policy = response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Frame-Options"] == "DENY"


def test_sign_up_does_not_exist(world: World) -> None:
    for path in ("/signup", "/sign-up", "/accounts/signup/", "/account/email"):
        assert Client().get(path).status_code == 404
