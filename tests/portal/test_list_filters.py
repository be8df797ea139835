"""No list ignores a filter that it does not understand: each page, each filter, each download."""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from django.test import Client

import fusion.portal
from fusion.access.actor import ADMINISTRATOR
from fusion.portal.templatetags.kit import OF_A_PAGE
from tests.browser.scene import Scene
from tests.browser.scene_subscriptions import furnished
from tests.portal.people import signed_in
from tests.portal.walking import shape, walk

TEMPLATES = Path(fusion.portal.__file__).parent / "templates"

NONSENSE = "zz-nonsense <b>"

SEARCHES = {"q"}
"""Free texts: any may be searched for."""

FILLED_IN = {"action", "again", "all", "from", "next", "number", "numbers", "parent"}
"""Parameters of links that fill in a form, or name the page to go to next."""

OVERVIEWS = {"/", "/overview/*"}
"""Pages with lists beside the chart that the filter chooses."""

LABELS = {"by", "object"}
"""Labels of actors and objects in hidden fields: what no record has matches none."""


class FilterForms(HTMLParser):
    """The fields of a page's filters, and its links."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.names: set[str] = set()
        self.links: set[str] = set()
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links, and the fields of forms with the class `filters`."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("class") == "filters"
        elif tag == "a" and "href" in given:
            self.links.add(urljoin(self.path, given["href"]).partition("#")[0])
        elif self._inside and tag in ("input", "select") and "name" in given:
            self.names.add(given["name"])

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        self._inside &= tag != "form"


@pytest.fixture(scope="module")
def client() -> Client:
    """An administrator of a provider that has something on each list."""
    scene = Scene()
    furnished(scene)
    for each in (scene.world.distributor, scene.world.reseller, scene.world.tenant):
        assert scene.world.call("POST", f"/organizations/{each.id}/resume").status_code == 202
    return signed_in(scene.person("group", ADMINISTRATOR))


@pytest.fixture(scope="module")
def read(client: Client) -> dict[str, FilterForms]:
    """Path → filters and links of each page."""
    found: dict[str, FilterForms] = {}
    for page in walk(client):
        path = page.path.partition("?")[0]
        forms = found.setdefault(path, FilterForms(path))
        forms.feed(page.text)
    return found


def filters_of(read: dict[str, FilterForms]) -> Iterator[tuple[str, str]]:
    """Path and name of each filter with a fixed meaning: a field of a form, or in a link."""
    by_shape = {shape(path): path for path in reversed(read)}
    named = {(path, name) for path, forms in read.items() for name in forms.names}
    for link in {link for forms in read.values() for link in forms.links}:
        path, query = urlsplit(link)[2:4]
        is_list = not path.endswith(("/new", "/change", "/link", "csv", "xlsx"))
        named |= {(path, name) for name, _ in parse_qsl(query) if is_list and path in read}
    left_out = {*OF_A_PAGE, *SEARCHES, *LABELS, *FILLED_IN} - {"from"}
    for path, name in sorted(named):
        if name not in left_out and by_shape.get(shape(path)) == path:
            yield path, name


def test_every_filter_refuses_what_it_does_not_know(
    client: Client, read: dict[str, FilterForms]
) -> None:
    tried = list(filters_of(read))
    assert len(tried) >= 35, tried
    for path, name in tried:
        wanted = {name: NONSENSE}
        answer = client.get(path, wanted, follow=True)
        text = answer.content.decode()
        assert answer.status_code == 422, (path, name)
        assert f'id="{name}_error"' in text or f'id="id_{name}_error"' in text, (path, name)
        assert "zz-nonsense" in unescape(text) and "<b>" not in text, (path, name)
        assert (
            "<tr>" not in re.sub("<thead>.*?</thead>", "", text, flags=re.S)
            or shape(path) in OVERVIEWS
        ), (
            path,
            name,
        )
        empty = client.get(path, {name: ""}, follow=True)
        assert empty.status_code == 200, (path, name)


def test_the_part_for_htmx_says_it_and_more_rows_load_the_page_anew(
    client: Client, read: dict[str, FilterForms]
) -> None:
    for path, name in filters_of(read):
        more = {"HX-Request": "true", "HX-Target": "more"}
        answer = client.get(path, {name: NONSENSE}, headers=more, follow=True)
        if 'id="found"' not in client.get(path, follow=True).content.decode():
            assert answer.headers.get("HX-Refresh") == "true", (path, name)
        if 'id="list"' in client.get(path, follow=True).content.decode():
            part = client.get(path, {name: NONSENSE}, headers={**more, "HX-Target": "list"})
            text = part.content.decode()
            assert part.status_code == 200 and "<html" not in text, (path, name)
            assert "zz-nonsense" in text, (path, name)


def test_the_downloads_refuse_it_too(client: Client, read: dict[str, FilterForms]) -> None:
    tried = 0
    for path, name in filters_of(read):
        wanted = urlencode({name: "zz"})
        files = {urlsplit(link).path for link in read[path].links if ".csv" in link}
        own = {f"{path}.csv", f"{path}/rows.csv"} & files
        for file in own:
            answer = client.get(f"{file}?{wanted}")
            assert answer.status_code == 422, (file, name)
            assert "zz" in answer.content.decode(), (file, name)
            tried += 1
    assert tried >= 25


def test_every_filter_form_is_met(read: dict[str, FilterForms]) -> None:
    searches_alone = {
        "moves/choose.html",
        "orders/choose.html",
        "organizations/list.html",
        "find_number.html",
    }
    forms = [
        str(file.relative_to(TEMPLATES))
        for file in TEMPLATES.rglob("*.html")
        if 'class="filters"' in file.read_text(encoding="utf-8")
        and not str(file).endswith(tuple(searches_alone))
    ]
    pages = {shape(path) for path, _ in filters_of(read) if read[path].names - SEARCHES}
    assert len(pages) == len(forms), (sorted(pages), sorted(forms))
