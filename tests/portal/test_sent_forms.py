"""Every form of the portal is done as it was shown, or not at all."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from django.test import Client

from fusion.access.actor import ADMINISTRATOR
from fusion.kernel.ids import new_id
from tests.browser.scene import Scene
from tests.browser.scene_subscriptions import furnished
from tests.portal.people import signed_in
from tests.portal.walking import shape, walk

ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

BESIDE = ("once", "acting", "csrfmiddlewaretoken", "next")
"""Hidden fields that are no part of what is asked for."""


class Sent(HTMLParser):
    """What browsers send of each form that changes something, as it was opened."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.forms: list[tuple[str, list[tuple[str, str]], set[str]]] = []
        self._open = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms and their fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = given.get("method") == "post"
            if self._open:
                self.forms.append((urljoin(self.path, given.get("action") or self.path), [], set()))
        elif self._open:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        _, fields, always = self.forms[-1]
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "select":
            self._select = name
            always.add(name)
        elif tag == "option" and self._select:
            known = [each for each, _ in fields]
            if "selected" in given or self._select not in known:
                fields[:] = [each for each in fields if each[0] != self._select]
                fields.append((self._select, given.get("value", "")))
        elif tag == "textarea" or (tag == "input" and name and kind != "file"):
            if kind in ("checkbox", "radio"):
                if "checked" in given:
                    fields.append((name, given.get("value", "on")))
                return
            fields.append((name, given.get("value", "")))
            always.add(name)

    def handle_endtag(self, tag: str) -> None:
        """A form or a choice ends."""
        if tag == "form":
            self._open = False
        if tag == "select":
            self._select = ""


type Form = tuple[str, list[tuple[str, str]], set[str]]


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A provider with something of everything."""
    scene = Scene()
    furnished(scene)
    return scene


@pytest.fixture(scope="module")
def client(scene: Scene) -> Client:
    """An administrator of the provider."""
    return signed_in(scene.person("group", ADMINISTRATOR))


@pytest.fixture(scope="module")
def forms(client: Client) -> list[Form]:
    """Every form that a walk meets, once for each shape of its address."""

    def met() -> Iterator[tuple[tuple[str, ...], Form]]:
        for page in walk(client):
            reader = Sent(page.path)
            reader.feed(page.text)
            for form in reader.forms:
                action, fields, _ = form
                if not action.startswith(("/account", "/sign")):
                    yield (shape(action.partition("?")[0]), *sorted({n for n, _ in fields})), form

    found = list(dict(met()).values())
    assert len(found) >= 25
    return found


def refusal(client: Client, action: str, fields: list[tuple[str, str]]) -> str:
    """The text that says why it was not done, on the form's page or on the one after a button."""
    data: dict[str, list[str]] = {}
    for name, value in [*fields, ("once", str(new_id()))]:
        data.setdefault(name, []).append(value)
    data["once"] = data["once"][-1:]
    answer = client.post(action, data, follow=True)
    assert answer.status_code in ((200,) if answer.redirect_chain else (422,)), action
    return answer.content.decode()


def test_a_field_that_the_form_does_not_have(
    scene: Scene, client: Client, forms: list[Form]
) -> None:
    before = scene.world.fingerprint()
    for action, fields, _ in forms:
        for name in ("effective_att", "dry_run", "Name", "lines-0-quantitty", "items-0-x", "é<b>"):
            page = refusal(client, action, [*fields, (name, "2030-01-01")])
            assert "has no field “" in page, (action, name)
            assert "é<b>" not in page
    assert scene.world.fingerprint() == before


def test_a_field_that_is_misspelled_or_left_out(
    scene: Scene, client: Client, forms: list[Form]
) -> None:
    before = scene.world.fingerprint()
    for action, fields, always in forms:
        for name in always - {*BESIDE}:
            if name.startswith("initial-") or name.endswith("_FORMS"):
                continue
            rest = [each for each in fields if each[0] != name]
            page = refusal(client, action, [*rest, (f"{name}x", dict(fields)[name])])
            assert "has no field “" in page, (action, name)
            page = refusal(client, action, rest)
            assert re.search("The form lacks the field|This field is required|unreadable", page), (
                action,
                name,
            )
    assert scene.world.fingerprint() == before


def test_a_field_that_comes_twice(scene: Scene, client: Client, forms: list[Form]) -> None:
    before = scene.world.fingerprint()
    for action, fields, always in forms:
        for name in always - {*BESIDE}:
            page = refusal(client, action, [*fields, (name, "x")])
            assert "” more than once" in page, (action, name)
    assert scene.world.fingerprint() == before


def test_ids_in_capital_letters_are_the_same_pages(client: Client) -> None:
    found = {shape(page.path): page for page in walk(client, each=1)}
    ids = [page for page in found.values() if ID.search(page.path.partition("?")[0])]
    assert len(ids) >= 15
    for page in ids:
        path = ID.sub(lambda match: match[0].upper(), page.path)
        assert client.get(path, follow=True).status_code == page.status, path
