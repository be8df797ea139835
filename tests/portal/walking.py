"""Walking through the portal as a crawler does: every link of every page, and every form."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.test import Client

LEAVES = ("/sign-out", "/account/", "/static/", "/brand/", ".csv", "/password/")
"""Paths that a walk does not follow: those that end the session, and those that are not pages."""


@dataclass
class Form:
    """A form of a page; `fields` are those that a person fills in, `others` are hidden."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)


class Reader(HTMLParser):
    """The links of a page, and its forms that change something."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.inline: list[str] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links, forms and their fields."""
        given = {name: value or "" for name, value in attrs}
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.path, given["href"]).partition("#")[0])
        elif tag == "form":
            self._form = None
            if given.get("method") == "post":
                self._form = Form(urljoin(self.path, given.get("action") or self.path))
                self.forms.append(self._form)
        elif self._form is not None and given.get("name"):
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        kind = given.get("type", "text")
        filled = tag == "textarea" or (tag == "input" and kind not in ("hidden", "radio"))
        (self._form.fields if filled else self._form.others)[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        if tag == "form":
            self._form = None


@dataclass(frozen=True)
class Page:
    """A visited page."""

    path: str
    status: int
    text: str
    headers: dict[str, str]
    forms: tuple[Form, ...]
    inline: tuple[str, ...]


def shape(path: str) -> str:
    """The path without its ids: pages of one shape have the same view."""
    split = urlsplit(path)
    parts = [
        "*" if (len(part) == 36 and part.count("-") == 4) or part.startswith(("+", "%2B")) else part
        for part in split.path.split("/")
    ]
    return "/".join(parts) + ("?" if split.query else "")


def walk(client: Client, start: str = "/", *, each: int = 2) -> Iterator[Page]:
    """Pages from `start` on, at most `each` of a shape."""
    ahead, met = [start], {start}
    seen: dict[str, int] = {}
    while ahead:
        path = ahead.pop(0)
        kind = shape(path)
        if seen.get(kind, 0) >= each or any(leaf in path for leaf in LEAVES):
            continue
        seen[kind] = seen.get(kind, 0) + 1
        response = client.get(path, follow=True)
        if response.streaming:
            b"".join(response)  # only a file that is read to its end gives its slot back
            continue
        if "html" not in response.headers["Content-Type"]:
            continue
        text = response.content.decode()
        reader = Reader(path)
        reader.feed(text)
        for link in reader.links:
            if link.startswith("/") and link not in met:
                met.add(link)
                ahead.append(link)
        headers = dict(response.headers)
        yield Page(
            path, response.status_code, text, headers, tuple(reader.forms), tuple(reader.inline)
        )
