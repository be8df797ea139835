"""Reading lists page by page. A cursor that does not advance fails the test, and never hangs it."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from tests.world import World, answer

MOST_PAGES = 2_000
"""More pages than any test reads."""

type ReadPage = Callable[[str | None], dict[str, Any]]
"""Takes the cursor (None for the first page); gives `{"items": [...], "next": ...}`."""


def follow(read: ReadPage) -> Iterator[dict[str, Any]]:
    """Yield the pages of a list, up to the one whose `next` is None.

    AssertionError if a cursor is repeated, or if there are too many pages.
    """
    cursor: str | None = None
    met: set[str] = set()
    for _ in range(MOST_PAGES):
        page = read(cursor)
        yield page
        cursor = page["next"]
        if cursor is None:
            return
        assert cursor not in met, f"the list gave the cursor {cursor} twice"
        met.add(cursor)
    raise AssertionError(f"the list has more than {MOST_PAGES} pages")


def follow_feed(read: ReadPage, after: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the pages of a feed, up to the first empty one that does not advance the cursor.

    A feed always has a `next`. AssertionError if a page with items does not advance it.
    """
    met: set[str | None] = {after}
    for _ in range(MOST_PAGES):
        page = read(after)
        yield page
        if page["next"] == after and not page["items"]:
            return
        assert page["next"] not in met, f"the feed gave the cursor {page['next']} twice"
        after = page["next"]
        met.add(after)
    raise AssertionError(f"the feed has more than {MOST_PAGES} pages")


def all_pages(
    world: World, path: str, limit: int | None = None, *, by: Any = None
) -> list[list[Any]]:
    """The items of every page of an API list, with at most `limit` on each."""

    def read(cursor: str | None) -> dict[str, Any]:
        query = [f"limit={limit}"] if limit else []
        query += [f"cursor={quote(cursor)}"] if cursor else []
        mark = "" if not query else "&" if "?" in path else "?"
        response = world.call("GET", f"{path}{mark}{'&'.join(query)}", by=by)
        assert response.status_code == 200, response.content
        page: dict[str, Any] = answer(response)
        assert limit is None or len(page["items"]) <= limit
        return page

    return [page["items"] for page in follow(read)]


def all_items(world: World, path: str, limit: int | None = None, *, by: Any = None) -> list[Any]:
    """All items of an API list, read page by page."""
    return [item for page in all_pages(world, path, limit, by=by) for item in page]
