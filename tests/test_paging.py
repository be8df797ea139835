"""A list whose cursor does not move fails a test; it never hangs it."""

from typing import Any

import pytest

from tests.paging import follow, follow_feed

type Pages = dict[Any, tuple[list[int], str | None]]

LIST: Pages = {None: ([1, 2], "a"), "a": ([3], "b"), "b": ([4], None)}
FEED: Pages = {None: ([1, 2], "a"), "a": ([], "b"), "b": ([3], "c"), "c": ([], "c")}


def reader(pages: Pages) -> Any:
    """Reads these pages."""
    return lambda cursor: dict(zip(("items", "next"), pages[cursor], strict=True))


def test_a_list_ends_without_a_next_cursor() -> None:
    assert [page["items"] for page in follow(reader(LIST))] == [[1, 2], [3], [4]]


def test_a_feed_ends_where_an_empty_page_does_not_move() -> None:
    assert [page["items"] for page in follow_feed(reader(FEED))] == [[1, 2], [], [3], []]
    assert [page["items"] for page in follow_feed(reader(FEED), "b")] == [[3], []]


@pytest.mark.parametrize("again", ["a", "b"])
def test_a_cursor_that_does_not_move_fails(again: str) -> None:
    for walk in (follow, follow_feed):
        with pytest.raises(AssertionError, match="twice"):
            list(walk(reader({**LIST, "b": ([4], again)})))


def test_a_list_without_end_fails() -> None:
    def read(cursor: str | None) -> dict[str, Any]:
        return {"items": [1], "next": str(int(cursor or 0) + 1)}

    for walk in (follow, follow_feed):
        with pytest.raises(AssertionError, match="more than"):
            list(walk(read))
