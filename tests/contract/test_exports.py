"""Every list and report of the API is also a file, or stands here with the reason why not."""

import csv
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import orjson
import pytest

from fusion.kernel.http import CSV, XLSX
from tests.contract.stage import Stage
from tests.contract.table import TABLE
from tests.contract.test_authorization import DOCUMENT, OPERATIONS, ask, own_ids
from tests.world import answer

EXCEPTIONS = {
    "/events": "the feed has no end: its reader keeps a cursor",
    "/products/{product_id}": "one product; the items are its contents",
}
"""List → why it is no file."""


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _is_list(operation: Any) -> bool:
    content = operation["responses"].get(200, {}).get("content", {})
    shape = _schema(content.get("application/json", {}).get("schema", {}))
    return "items" in shape.get("properties", {})


LISTS = sorted(
    path for (method, path), each in OPERATIONS.items() if method == "GET" and _is_list(each)
)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """A provider with an object of every noun."""
    return Stage()


def test_all_lists_are_known() -> None:
    assert len(LISTS) >= 28
    assert set(EXCEPTIONS) <= set(LISTS)


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_a_file_or_an_exception(stage: Stage, path: str) -> None:
    operation = OPERATIONS["GET", path]
    content = operation["responses"][200]["content"]
    named = {each["name"] for each in operation["parameters"]}
    if path in EXCEPTIONS:
        assert CSV not in content and "format" not in named
        return
    assert {CSV, XLSX} <= set(content) and "format" in named
    kinds = ("group", "distributor", "reseller", "tenant")
    allowed = [
        kind
        for kind, status in zip(kinds, TABLE["GET", path].statuses, strict=True)
        if status == 200
    ]
    for kind in allowed:
        by = stage.organization(kind)
        request = ask(("GET", path), own_ids(stage, kind))
        url = path.format(**request.path)
        listed: Any = stage.world.call("GET", url, by=by)
        items = orjson.loads(listed.getvalue())["items"]
        for format in ("csv", "xlsx"):
            response: Any = stage.world.call("GET", f"{url}?format={format}", by=by)
            assert response.status_code == 200, answer(response)
            assert "attachment" in response.headers["Content-Disposition"]
            header, rows = _read(response.getvalue(), format)
            assert header and len(set(header)) == len(header)
            assert len(rows) >= len(items)


def _read(content: bytes, format: str) -> tuple[list[str], list[Any]]:
    if format == "csv":
        header, *rows = csv.reader(StringIO(content.decode(), newline=""))
        return header, rows
    sheet: Any = openpyxl.load_workbook(BytesIO(content)).active
    header, *rows = sheet.iter_rows(values_only=True)
    return list(header), rows
