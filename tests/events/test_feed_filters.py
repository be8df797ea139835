"""The filters and the start of the feed: what is read is what matches, and nothing is missed."""

import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import orjson
import pytest
from django.db import connection, transaction

from fusion.events import feed
from fusion.events.feed import EventFilter, read_end, read_feed
from fusion.events.mark import mark_feed
from fusion.kernel.clock import instant
from fusion.kernel.database import execute
from fusion.kernel.ids import new_id
from tests.bounds import PATIENCE
from tests.ordering.placing import line, placed
from tests.paging import follow_feed
from tests.world import World, answer, make_organization, make_subscription

# No type whose mails a worker writes: these events carry no data.
TYPES = (
    "order.completed",
    "order.cancelled",
    "user.linked",
    "number.assigned",
    "test-event.created",
)

WRITE = "SELECT events_emit(%s::text, %s::uuid, %s::text, %s::uuid, %s::text, 'test', '{}'::json)"

WRITE_AT = """
INSERT INTO events_event (epoch, xid, group_id, path, subject, type, actor, data, at)
VALUES (events_epoch(), pg_current_xact_id(), %s, %s, %s, 'order.completed', 'test', '{}', %s)
"""


class Tree:
    """A provider whose events concern several organizations and subscriptions."""

    def __init__(self, world: World) -> None:
        self.world = world
        other = make_organization("reseller", world.distributor)
        elsewhere = make_subscription(make_organization("tenant", other))
        self.paths = [
            (world.group.path, None),
            (other.path, None),
            (elsewhere.path, elsewhere.id),
            (world.reseller.path, None),
            (world.subscription.path, world.subscription.id),
        ]
        self.organizations = [world.distributor.id, other.id, world.reseller.id, world.tenant.id]
        self.subscriptions = [elsewhere.id, world.subscription.id]

    def emit(self, chance: random.Random, subject: str) -> None:
        """Write an event of one of them."""
        path, subscription = chance.choice(self.paths)
        execute(WRITE, [chance.choice(TYPES), self.world.group.id, path, subscription, subject])

    def filter(self, chance: random.Random) -> EventFilter:
        """Some filter."""
        types = [*TYPES, "order.*", "user.*", "test-event.*"]
        return EventFilter(
            types=frozenset(chance.sample(types, chance.choice((0, 1, 1, 2)))),
            subscription_id=chance.choice((None, None, *self.subscriptions)),
            organization_id=chance.choice((None, None, *self.organizations)),
        )


def matches(event: dict[str, Any], path: str, wanted: EventFilter) -> bool:
    """The filters, written down a second time."""
    noun = event["type"].partition(".")[0]
    return (
        (not wanted.types or event["type"] in wanted.types or f"{noun}.*" in wanted.types)
        and wanted.subscription_id in (None, _id(event["subscriptionid"]))
        and (wanted.organization_id is None or wanted.organization_id.hex in path.split("/"))
    )


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def walk(actor: Any, limit: int, wanted: EventFilter, **start: Any) -> list[dict[str, Any]]:
    """All events from the start, page by page."""
    first: dict[str, Any] = {"after": None, **start}

    def read(after: str | None) -> Any:
        begin = first if after is None else {"after": after}
        page = orjson.loads(read_feed(actor, limit=limit, wanted=wanted, **begin))
        assert len(page["items"]) <= limit
        return page

    return [event for page in follow_feed(read) for event in page["items"]]


def paths_of(world: World) -> dict[str, str]:
    """The path of each event, by subject."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject, path FROM events_event WHERE group_id = %s", [world.group.id]
        )
        return dict(cursor.fetchall())


@pytest.mark.parametrize("seed", range(4))
def test_a_filtered_walk_is_the_whole_one_without_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance, tree = random.Random(seed), Tree(world)
    monkeypatch.setattr(feed, "REACH", chance.choice((1, 3, 20)))
    for n in range(60):
        tree.emit(chance, str(n))
    paths = paths_of(world)
    for reader in ("group", "distributor", "reseller"):
        actor = world.actor(reader)
        whole = walk(actor, 7, EventFilter())
        for _ in range(12):
            wanted = tree.filter(chance)
            expected = [each for each in whole if matches(each, paths[each["subject"]], wanted)]
            assert walk(actor, chance.choice((1, 2, 7, 500)), wanted) == expected, wanted


def _write(tree: Tree, writer: int) -> None:
    chance = random.Random(writer)
    try:
        for n in range(12):
            with transaction.atomic():
                for part in range(chance.randint(1, 3)):
                    tree.emit(chance, f"{writer}-{n}-{part}")
                    time.sleep(chance.choice((0, 0, 0.004, 0.02)))
                if chance.random() < 0.2:
                    transaction.set_rollback(True)
    finally:
        connection.close()


def _follow_until(actor: Any, wanted: EventFilter, start: str | None, over: Event) -> list[Any]:
    items: list[Any] = []
    after, deadline, was_over = start, time.monotonic() + 2 * PATIENCE, False
    try:
        while True:
            assert time.monotonic() < deadline, "the writers do not end"
            page = orjson.loads(read_feed(actor, after=after, limit=5, wanted=wanted))
            items += page["items"]
            if page["next"] == after and was_over:
                return items
            was_over = over.is_set()
            after = page["next"]
    finally:
        connection.close()


def test_filtered_readers_among_writers_miss_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "REACH", 4)
    chance, tree, over = random.Random(7), Tree(world), Event()
    actor = world.actor()
    start = orjson.loads(read_end())["next"]
    filters = [EventFilter(), *(tree.filter(chance) for _ in range(5))]
    with ThreadPoolExecutor(12) as pool:
        readers: list[tuple[EventFilter, Future[list[Any]]]] = [
            (wanted, pool.submit(_follow_until, actor, wanted, start, over)) for wanted in filters
        ]
        writers = [pool.submit(_write, tree, writer) for writer in range(6)]
        for writer in writers:
            writer.result(PATIENCE)
        over.set()
    whole, paths = walk(actor, 500, EventFilter()), paths_of(world)
    assert len(whole) > 60
    for wanted, reader in readers:
        expected = [each for each in whole if matches(each, paths[each["subject"]], wanted)]
        assert reader.result(PATIENCE) == expected, wanted


def test_a_rare_type_is_found_over_pages_that_are_empty(world: World) -> None:
    """Each page reads a bounded stretch, and `next` advances over it."""
    execute(
        "INSERT INTO events_event (epoch, xid, group_id, path, subject, type, actor, data, at)"
        " SELECT events_epoch(), pg_current_xact_id(), %s, %s, 'much', 'user.linked', 'test',"
        " '{}', now() FROM generate_series(1, 12000)",
        [world.group.id, world.group.path],
    )
    order = placed(world)
    pages, after = [], None
    for _ in range(4):
        query = urlencode({"type": "order.*", **({"after": after} if after else {})})
        page = answer(world.call("GET", f"/events?{query}"))
        assert page["next"] != after
        pages.append([each["subject"] for each in page["items"]])
        after = page["next"]
        if pages[-1]:
            break
    assert pages == [[], [], [order["id"]]]


def test_types_subscription_and_organization_over_http(world: World) -> None:
    elsewhere = make_subscription(make_organization("tenant", world.group))
    theirs = placed(world, line(world.seat), subscription=elsewhere)["id"]
    mine = placed(world, line(world.seat))["id"]

    def subjects(query: str) -> list[str]:
        items = answer(world.call("GET", f"/events?{query}"))["items"]
        return [each["subject"] for each in items]

    assert subjects("") == [theirs, mine]
    assert subjects(f"subscription_id={elsewhere.id}") == [theirs]
    assert subjects(f"organization_id={world.reseller.id}") == [mine]
    assert subjects(f"organization_id={world.group.id}") == [theirs, mine]
    assert subjects(f"organization_id={world.reseller.id}&subscription_id={elsewhere.id}") == []
    assert subjects("type=order.*&type=user.linked") == [theirs, mine]
    assert subjects("type=order.completed&type=order.*&type=order.completed") == [theirs, mine]
    assert subjects("type=order.failed&type=order-request.*") == []


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("type=order.forgotten", "type", "“order.forgotten”"),
        ("type=order.*&type=orders.*", "type", "“orders.*”"),
        ("type=*", "type", "“*”"),
        ("type=order", "type", "“order”"),
        ("type=ORDER.*", "type", "“ORDER.*”"),
        ("type=", "type", "“”"),
        ("from=yesterday", "from", "now or beginning"),
        ("from=2026-01-01", "from", "now or beginning"),
        ("from=2126-01-01T00:00:00Z", "from", "future"),
        ("from=now&from=now", "from", "more than once"),
        ("from=now&after={next}", "from", "after"),
        ("from=beginning&after={next}", "from", "after"),
    ],
)
def test_filters_that_are_refused(world: World, query: str, field: str, words: str) -> None:
    after = answer(world.call("GET", "/events"))["next"]
    before = world.fingerprint()
    response = world.call("GET", f"/events?{query.format(next=quote(after))}")
    assert response.status_code == 422
    [error] = answer(response)["errors"]
    assert error["field"] == field
    assert words in error["message"]
    assert world.fingerprint() == before


@pytest.mark.parametrize("name", ["subscription_id", "organization_id"])
def test_ids_that_one_does_not_see_are_not_found(world: World, name: str) -> None:
    other = World()
    foreign = {"subscription_id": other.subscription.id, "organization_id": other.tenant.id}
    above = {"subscription_id": new_id(), "organization_id": world.group.id}
    for id in (new_id(), foreign[name], above[name]):
        response = world.call("GET", f"/events?{name}={id}", by=world.tenant)
        assert response.status_code == 404, id


# -- the start


def test_from_the_beginning_and_from_now(world: World) -> None:
    first = placed(world)["id"]
    everything = answer(world.call("GET", "/events?from=beginning"))
    assert everything == answer(world.call("GET", "/events"))
    end = answer(world.call("GET", "/events?from=now&type=order.*"))
    assert end["items"] == []
    second = placed(world)["id"]
    after = answer(world.call("GET", f"/events?after={end['next']}"))
    assert [each["subject"] for each in after["items"]] == [second]
    assert [each["subject"] for each in everything["items"]] == [first]


def test_from_now_misses_no_transaction_in_progress(world: World) -> None:
    with ThreadPoolExecutor(1) as pool:

        def read_now() -> str:
            try:
                return str(orjson.loads(read_end())["next"])
            finally:
                connection.close()

        with transaction.atomic():
            execute(WRITE, [TYPES[0], world.group.id, world.group.path, None, "slow"])
            after = pool.submit(read_now).result(PATIENCE)
    items = orjson.loads(read_feed(world.actor(), after=after, limit=5))["items"]
    assert [each["subject"] for each in items] == ["slow"]


def emit_at(world: World, at: datetime, subject: str) -> None:
    """Write an event at an instant."""
    execute(WRITE_AT, [world.group.id, world.group.path, subject, at])


def walk_from(world: World, at: datetime, limit: int = 3) -> list[str]:
    """The subjects of what comes from an instant on."""
    return [each["subject"] for each in walk(world.actor(), limit, EventFilter(), since=at)]


def test_from_an_instant_begins_at_the_first_event_of_it_or_later(world: World) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    for n in range(20):
        emit_at(world, start + timedelta(minutes=n), str(n))
    for n in (0, 7, 19):
        expected = [str(each) for each in range(n, 20)]
        assert walk_from(world, start + timedelta(minutes=n)) == expected
        assert walk_from(world, start + timedelta(minutes=n - 1, seconds=1)) == expected
    assert walk_from(world, start + timedelta(minutes=30)) == []
    query = urlencode({"from": instant(start + timedelta(minutes=18))})
    page = answer(world.call("GET", f"/events?{query}"))
    assert [each["subject"] for each in page["items"]] == ["18", "19"]


def test_a_mark_is_before_all_that_was_written_later(world: World) -> None:
    """One that began before the mark writes after it, one after the instant."""
    emit_at(world, datetime.now(UTC), "old")
    with ThreadPoolExecutor(1) as pool:

        def mark_and_write() -> datetime:
            try:
                mark_feed()
                execute(WRITE, [TYPES[0], world.group.id, world.group.path, None, "quick"])
                return datetime.now(UTC)
            finally:
                connection.close()

        with transaction.atomic():
            execute(WRITE, [TYPES[0], world.group.id, world.group.path, None, "early"])
            at = pool.submit(mark_and_write).result(PATIENCE)
            execute(WRITE, [TYPES[0], world.group.id, world.group.path, None, "late"])
    found = walk_from(world, at)
    assert "late" in found
    assert "old" not in found


def test_a_mark_counts_when_the_way_to_the_instant_is_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a reach of one event, only marks can skip the earlier ones."""
    monkeypatch.setattr(feed, "REACH", 0)
    for n in range(10):
        emit_at(world, datetime.now(UTC), f"before {n}")
    mark_feed()
    at = datetime.now(UTC)
    emit_at(world, datetime.now(UTC), "after")
    assert walk_from(world, at, limit=1) == ["after"]


def test_a_clock_set_back_makes_no_mark_wrong(world: World) -> None:
    ahead = datetime.now(UTC) + timedelta(seconds=2)
    emit_at(world, ahead, "ahead")
    mark_feed()
    assert walk_from(world, ahead - timedelta(milliseconds=1)) == ["ahead"]


@pytest.mark.parametrize("seed", range(3))
def test_from_any_instant_nothing_of_it_or_later_is_missed(world: World, seed: int) -> None:
    """Writers commit out of order, and marks are made meanwhile."""
    over, actor = Event(), world.actor()
    tree = Tree(world)

    def mark() -> None:
        try:
            while not over.is_set():
                mark_feed()
                time.sleep(0.01)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        marker = pool.submit(mark)
        writers = [pool.submit(_write, tree, seed * 10 + writer) for writer in range(4)]
        try:
            for writer in writers:
                writer.result(PATIENCE)
        finally:
            over.set()
        marker.result(PATIENCE)
    whole = walk(actor, 500, EventFilter())
    for event in random.Random(seed).sample(whole, 10):
        at = datetime.fromisoformat(event["time"])
        got = {each["id"] for each in walk(actor, 500, EventFilter(), since=at)}
        assert got >= {each["id"] for each in whole if datetime.fromisoformat(each["time"]) >= at}
        assert [each for each in whole if each["id"] in got] == whole[-len(got) :]


def test_without_anything_written_there_is_no_new_mark() -> None:
    def count() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM events_feedmark")
            return int(cursor.fetchone()[0])

    mark_feed()
    before = count()
    mark_feed()
    assert count() == before
