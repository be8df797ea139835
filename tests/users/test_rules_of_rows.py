"""Rows of a batch before the database sees them: each alone, and against each other."""

from typing import Any

import pytest

from fusion.kernel.errors import InvalidFields
from fusion.users.batch_row import SubmittedRow, prepared, rows_of_list, storable
from fusion.users.rules import one_script


def rows(*items: Any) -> list[dict[str, Any]]:
    """These items of a JSON list, prepared; numbers without a country code are of France."""
    return prepared(rows_of_list(items), lambda: "FR")


def user(login: str, **more: Any) -> dict[str, Any]:
    return {"login": login, "display_name": "Ana", **more}


def test_a_login_of_one_script() -> None:
    assert one_script("ana@example.com") == "ana@example.com"
    assert one_script("анна") == "анна"
    with pytest.raises(ValueError, match="must not mix"):
        one_script("аna@example.com")  # the first letter is Cyrillic


def test_a_row_keeps_its_number_and_texts() -> None:
    first, second, third = rows_of_list([user("ana", number=None, kind=7, other=1), "x", {}])
    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert first.cells == {"login": "ana", "display_name": "Ana", "kind": "7"}
    assert (second.cells, third.cells) == ({}, {})


def test_a_prepared_row() -> None:
    [row, other] = rows(user("ana", number="01 99 00 12 34"), user("ben", action="delete"))
    id = row.pop("id")
    assert id != other["id"]
    assert row == {
        "row": 1,
        "login": "ana",
        "display_name": "Ana",
        "kind": None,
        "number": "+33199001234",
        "sku": None,
        "action": None,
    }
    assert (other["row"], other["action"]) == (2, "delete")


def test_each_row_of_a_doubled_login_is_refused_and_names_all() -> None:
    first, other, second, wrong = rows(user("ana"), user("ben"), user("ANA"), "ana")
    assert other["login"] == "ben" and "problem" not in other
    for row in (first, second):
        [error] = row["problem"]["errors"]
        assert error["field"] == "login"
        assert "in several rows of the list: 1, 3; keep one" in error["message"]
    assert wrong["problem"]["code"] == "invalid-fields"


def test_at_most_ten_rows_are_named() -> None:
    found = rows(*[user("ana")] * 12)
    assert "list: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10; keep" in found[11]["problem"]["detail"]


def test_a_refused_row_keeps_its_cells_within_limits() -> None:
    problem = InvalidFields(kind="is unknown")
    cells = {"login": "a\0na", "kind": "x" * 501}
    [row] = prepared([SubmittedRow(7, problem, cells)], lambda: None)
    assert row == {
        "row": 7,
        "problem": {"code": "invalid-fields", "detail": problem.detail, "errors": problem.errors},
        "cells": {"login": "ana", "kind": "x" * 500},
    }


def test_what_postgresql_cannot_hold_is_taken_out_everywhere() -> None:
    told = {"a\0": ["b\0", ("c\0", 1)], "d": None}
    assert storable(told) == {"a": ["b", ["c", 1]], "d": None}


def test_each_row_of_a_doubled_number_is_refused_and_names_all() -> None:
    one, two = "+33199001234", "+33199001235"
    made = rows(
        user("ana", number=one),
        user("ben", number="01 99 00 12 34"),
        user("cid", number=two),
        user("dan", number=two, action="unlink"),  # links nothing
        user("eva", number="0033 1 99 00 12 34"),
        user("EVA", number=two),
    )
    fields = [
        {error["field"]: error["message"] for error in row.get("problem", {}).get("errors", [])}
        for row in made
    ]
    doubled = {"number": f"“{one}” is in several rows of the list: 1, 2, 5; keep one of them"}
    twice = {"login": "is in several rows of the list: 5, 6; keep one of them"}
    other = {"number": f"“{two}” is in several rows of the list: 3, 6; keep one of them"}
    assert fields == [doubled, doubled, other, {}, {**twice, **doubled}, {**twice, **other}]
    assert [row["cells"]["login"] for row in made if "cells" in row][:2] == ["ana", "ben"]
