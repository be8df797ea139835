"""A whole period of call records at once, as JSON or CSV: exact, and usable in a spreadsheet."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any, cast

import orjson
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from fusion.kernel import stream as streams
from fusion.kernel.clock import instant
from tests.numbers.stock import refused
from tests.owner import owner_rows
from tests.trunks.calling import admitted, end, order_channels, records, trunk_id
from tests.trunks.test_records import put_on_record
from tests.world import World

HEADER = (
    "id,subscription_id,trunk_id,direction,call_id,caller,callee,emergency,admitted_at,ended_at,"
    "duration_seconds,reason,emergency_callback"
)


def content(response: HttpResponse) -> str:
    """All of a streamed answer."""
    streamed: Any = response
    assert isinstance(streamed, StreamingHttpResponse)
    assert streamed.status_code == 200
    return b"".join(cast("Iterator[bytes]", streamed)).decode()


def export(world: World, query: str = "format=csv", **headers: str) -> str:
    """An answer to the group, in full."""
    return content(world.call("GET", f"/call-records?{query}", headers=headers))


def test_csv(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, 'a "quoted", é', caller="sip:anna@example.com", callee="112")
    end(world, trunk, 'a "quoted", é')
    [record] = records(world)
    text = export(world)
    lines = text.split("\r\n")
    assert lines[0] == HEADER and lines[2:] == [""]
    [row] = csv.DictReader(StringIO(text, newline=""))
    assert row == {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in record.items()
    }
    assert row["emergency"] == "true"


def test_json_export_equals_the_list(world: World, day: datetime) -> None:
    put_on_record(world, trunk_id(world), 30, since=day)
    result = orjson.loads(export(world, "format=json"))
    assert result == {"items": records(world)[::-1], "next": None}


def test_of_a_period_exactly(world: World, day: datetime) -> None:
    """Over the end of a month, and more than is fetched at a time."""
    trunk = trunk_id(world)
    put_on_record(world, trunk, 5_000, since=day, step=timedelta(minutes=10))
    since, until = day + timedelta(minutes=10), day + timedelta(minutes=10 * 4_990)
    query = f"format=csv&from={instant(since)}&to={instant(until)}&subscription_id="
    text = export(world, query + str(world.subscription.id))
    result = [row["call_id"] for row in csv.DictReader(StringIO(text, newline=""))]
    assert result == [f"call {i}" for i in range(1, 4_990)]


def test_formulas_are_texts(world: World) -> None:
    order_channels(world, 9)
    trunk = trunk_id(world)
    for name in ("=1+1", "+1+1", "-1", "@SUM(1)", "\t=x"):
        admitted(world, trunk, name, caller=name)
        end(world, trunk, name)
    result = list(csv.DictReader(StringIO(export(world), newline="")))
    assert [row["caller"] for row in result] == ["'=1+1", "'+1+1", "'-1", "'@SUM(1)", "'=x"]
    assert {row["callee"] for row in result} == {"+3225550199"}  # a number is usable as it is


def test_format_follows_the_accept_header(world: World) -> None:
    assert export(world, "", Accept="text/csv") == HEADER + "\r\n"
    assert export(world, "format=json", Accept="text/csv") == '{"items":[],"next":null}'
    paged = world.call("GET", "/call-records", headers={"Accept": "application/json, text/csv"})
    assert orjson.loads(paged.content) == {"items": [], "next": None}
    saved = world.call("GET", "/call-records?format=csv")
    assert content(saved) == HEADER + "\r\n"
    assert saved["Content-Type"] == "text/csv"
    assert saved["Content-Disposition"] == 'attachment; filename="call-records.csv"'


def test_only_so_many_at_a_time(world: World) -> None:
    """They hold what all other requests need: a connection and a thread."""
    path = "/call-records?format=csv"
    reading = [world.call("GET", path) for _ in range(streams.STREAMS)]
    before = world.fingerprint()
    one_too_many = world.call("GET", path)
    refused(world, before, one_too_many, 429, "rate-limited")
    assert one_too_many["Retry-After"] == "10"
    assert world.call("GET", "/call-records").status_code == 200  # pages are always to be had
    assert content(reading.pop()) == HEADER + "\r\n"  # read to its end
    reading[0].close()  # left
    for _ in range(2 * streams.STREAMS):
        assert export(world) == HEADER + "\r\n"


def test_errors_before_the_response_are_problems(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fusion.trunks.records.SELECT", "SELECT 1/0, * FROM trunks_callrecord")
    put_on_record(world, trunk_id(world), 1, since=datetime(2026, 3, 1, tzinfo=UTC))
    before = world.fingerprint()
    response: Any = Client(raise_request_exception=False).get(
        "/api/v1/call-records?format=csv",
        headers={"Authorization": f"Bearer {world.token(world.group)}"},
    )
    refused(world, before, response, 500, "internal-error")
    monkeypatch.undo()
    for _ in range(2 * streams.STREAMS):
        assert export(world).startswith(HEADER)


@pytest.mark.parametrize("format", ["csv", "json"])
def test_an_answer_that_is_cut_off_says_so(world: World, day: datetime, format: str) -> None:
    """The server ends a broken answer like a whole one: it must be seen in the text."""
    put_on_record(world, trunk_id(world), 20_000, since=day)
    response = world.call("GET", f"/call-records?format={format}")
    texts = iter(response)
    next(texts)
    ended = owner_rows(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE state = 'idle in transaction' AND query ILIKE 'FETCH%%'"
        " AND datname = current_database()"
    )
    assert ended == [(True,)]
    rest = b"".join(texts).decode()
    assert rest.endswith(streams.CUT_OFF)
    assert rest.count("\n") < 20_000
    if format == "json":
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(rest)
    response.close()
    assert export(world).count("\r\n") == 20_001


@pytest.mark.parametrize("query", ["format=csv&", "format=xlsx&", "format=json&", ""])
def test_a_whole_period_has_no_pages(world: World, query: str) -> None:
    before = world.fingerprint()
    for name, value in (("limit", "1"), ("cursor", "abc")):
        accept = {"Accept": "application/json" if query else "text/csv"}
        response = world.call("GET", f"/call-records?{query}{name}={value}", headers=accept)
        problem = refused(world, before, response, 422, "invalid-fields")
        assert [each["field"] for each in problem["errors"]] == [name]
