"""The feed: whoever follows the cursor misses nothing and sees nothing twice."""

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import orjson
import psycopg
import pytest
from django.db import connection, transaction

from fusion.access.actor import Actor
from fusion.events.feed import EVERYTHING, FEED, read_feed
from fusion.kernel.pagination import decode_cursor, encode_cursor
from tests.bounds import PATIENCE
from tests.events.clusters import Spare, dump, emit, spare_cluster
from tests.paging import follow_feed
from tests.world import World, answer, make_organization

Reader = Callable[[str | None, int], tuple[list[Any], str]]


def reader_of(actor: Actor) -> Reader:
    """Reads a page after a cursor: (items, next)."""

    def read(after: str | None, limit: int) -> tuple[list[Any], str]:
        document = orjson.loads(read_feed(actor, after=after, limit=limit))
        return document["items"], document["next"]

    return read


def reader_at(url: str, actor: Actor) -> Reader:
    """The same of another database."""

    def read(after: str | None, limit: int) -> tuple[list[Any], str]:
        position = decode_cursor(after, str, str, str) if after else ("0", "0", "0")
        with psycopg.connect(url, autocommit=True) as other:
            found = other.execute(
                FEED.encode(),
                [actor.group_id, actor.path, *position, limit, 0, *EVERYTHING.parameters(), None],
            ).fetchall()
        *events, (epoch, xid, id, _) = found
        items = [orjson.loads(document) for *_, document in events]
        return items, encode_cursor(epoch, xid, id)

    return read


def follow(read: Reader, after: str | None = None, limit: int = 50) -> tuple[list[Any], str]:
    """Read on until nothing comes; everything that came, and the cursor."""
    pages = list(
        follow_feed(
            lambda cursor: dict(zip(("items", "next"), read(cursor, limit), strict=True)), after
        )
    )
    return [item for page in pages for item in page["items"]], pages[-1]["next"]


def here(statement: str, parameters: Any = None) -> None:
    """Run a statement over this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def subjects(items: list[Any]) -> list[str]:
    """What the events are about."""
    return [item["subject"] for item in items]


def committed(world: World) -> list[str]:
    """Every event of the provider, in the order of the feed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject FROM events_event WHERE group_id = %s ORDER BY epoch, xid, id",
            [world.group.id],
        )
        return [subject for (subject,) in cursor.fetchall()]


def _write(world: World, writer: int, chance: random.Random) -> None:
    """Transactions of one to three events, short or long, the longest committed last."""
    try:
        for n in range(14):
            with transaction.atomic():
                for part in range(chance.randint(1, 3)):
                    emit(world, f"{writer}-{n}-{part}", here)
                    time.sleep(chance.choice((0, 0, 0.004, 0.03)))
                if chance.random() < 0.2:
                    transaction.set_rollback(True)
    finally:
        connection.close()


def _follow_until(read: Reader, limit: int, is_over: Event) -> list[Any]:
    items: list[Any] = []
    after: str | None = None
    try:
        deadline = time.monotonic() + 2 * PATIENCE
        was_over = False
        while not was_over:
            assert time.monotonic() < deadline, "the writers do not end"
            was_over = is_over.is_set()
            page, after = follow(read, after, limit)
            items += page
        return items
    finally:
        connection.close()


def test_readers_among_writers_miss_nothing_and_see_nothing_twice(world: World) -> None:
    read, is_over = reader_of(world.actor()), Event()
    with ThreadPoolExecutor(12) as pool:
        readers = [pool.submit(_follow_until, read, limit, is_over) for limit in (1, 2, 7, 500)]
        writers = [pool.submit(_write, world, writer, random.Random(writer)) for writer in range(8)]
        for writer in writers:
            writer.result(PATIENCE)
        is_over.set()
    expected = committed(world)
    assert len(expected) > 100
    for reader in readers:
        items = reader.result(PATIENCE)
        assert subjects(items) == expected
        assert len({item["id"] for item in items}) == len(items)


def test_an_open_writer_holds_the_feed_back_and_nothing_is_lost(world: World) -> None:
    read = reader_of(world.actor())
    emit(world, "before", here)
    seen, cursor = follow(read)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            emit(world, "slow", here)

            def write_and_read() -> list[str]:
                emit(world, "quick", here)
                items, _ = follow(read, cursor)
                connection.close()
                return subjects(items)

            # The quick one is committed, but the slow one would come before it.
            assert pool.submit(write_and_read).result(PATIENCE) == []
        items, _ = follow(read, cursor)
    assert subjects(seen) == ["before"]
    assert subjects(items) == ["slow", "quick"]


def test_one_that_is_rolled_back_is_never_seen(world: World) -> None:
    read = reader_of(world.actor())
    with transaction.atomic():
        emit(world, "undone", here)
        transaction.set_rollback(True)
    emit(world, "done", here)
    assert subjects(follow(read)[0]) == ["done"]


def test_a_transaction_with_savepoints_is_one(world: World) -> None:
    """Events carry the number of the whole transaction, not of its parts."""
    with transaction.atomic():
        emit(world, "outer", here)
        with transaction.atomic():
            emit(world, "inner", here)
        with transaction.atomic():
            emit(world, "undone", here)
            transaction.set_rollback(True)
        transaction.set_rollback(False)
    assert subjects(follow(reader_of(world.actor()))[0]) == ["outer", "inner"]


def test_each_sees_its_own_subtree(world: World) -> None:
    other = make_organization("reseller", world.distributor)
    actors = {kind: world.actor(kind) for kind in ("group", "distributor", "reseller", "tenant")}
    for path, subject in (
        (world.group.path, "group's"),
        (other.path, "other reseller's"),
        (world.reseller.path, "reseller's"),
        (world.tenant.path, "tenant's"),
    ):
        here(
            "SELECT events_emit('test.event', %s, %s, NULL, %s, 'test', '{}')",
            [world.group.id, path, subject],
        )
    seen = {kind: subjects(follow(reader_of(actor))[0]) for kind, actor in actors.items()}
    assert seen == {
        "group": ["group's", "other reseller's", "reseller's", "tenant's"],
        "distributor": ["other reseller's", "reseller's", "tenant's"],
        "reseller": ["reseller's", "tenant's"],
        "tenant": ["tenant's"],
    }
    assert follow(reader_of(World().actor()))[0] == []


def test_a_reader_with_a_tiny_share_catches_up(world: World) -> None:
    """`next` goes on over thousands of events of others, with empty pages if need be."""
    emit(world, "first", here)
    here(
        "INSERT INTO events_event (epoch, xid, group_id, path, subject, type, actor, data, at)"
        " SELECT events_epoch(), pg_current_xact_id(), %s, %s, 'other', 'test.event', 'test',"
        " '{}', now() FROM generate_series(1, 12000)",
        [world.group.id, world.group.path],
    )
    emit(world, "last", here)
    read = reader_of(world.actor("reseller"))
    pages: list[list[str]] = []
    after = None
    for _ in range(4):
        page, following = read(after, 50)
        assert following != after
        pages.append(subjects(page))
        after = following
        if "last" in pages[-1]:
            break
    assert [page for page in pages if page] == [["first"], ["last"]]
    assert [] in pages


def test_the_answer_over_http(world: World) -> None:
    world.call("POST", "/orders", {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 2}],
    })  # fmt: skip
    document = answer(world.call("GET", "/events", by=world.tenant))
    [event] = document["items"]
    assert event["specversion"] == "1.0"
    assert event["type"] == "order.completed"
    assert event["source"] == f"/groups/{world.group.id}"
    assert event["subscriptionid"] == str(world.subscription.id)
    assert event["subject"] == event["data"]["id"]
    end = answer(world.call("GET", f"/events?after={document['next']}", by=world.tenant))
    assert end == {"items": [], "next": document["next"]}


# -- across dumps and restores


@pytest.fixture(scope="module")
def spare() -> Iterator[Spare]:
    with spare_cluster() as made:
        yield made


def _emitter(url: str) -> Callable[[str, Any], None]:
    def run(statement: str, parameters: Any) -> None:
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(statement.encode(), parameters)

    return run


def test_a_reader_goes_on_after_a_restore_into_another_cluster(
    world: World, spare: Spare, tmp_path: Path
) -> None:
    read = reader_of(world.actor())
    for n in range(5):
        emit(world, f"read {n}", here)
    read_before, early = follow(read)
    for n in range(5):
        emit(world, f"unread {n}", here)
    with transaction.atomic():
        emit(world, "open while the dump is made", here)
        backup = dump(os.environ["DATABASE_URL"], tmp_path / "fusion.dump")
    for n in range(3):
        emit(world, f"after the dump {n}", here)
    lost, late = follow(read, early)

    restored = spare.restore(backup, "feed")
    elsewhere = _emitter(restored)
    for n in range(4):
        emit(world, f"restored {n}", elsewhere)
    there = reader_at(restored, world.actor())
    for limit in (1, 3, 500):
        items, _ = follow(there, early, limit)
        assert subjects(items) == [f"unread {n}" for n in range(5)] + [
            f"restored {n}" for n in range(4)
        ]
        # One who had read what the dump did not have goes on with what is new.
        items, end = follow(there, late, limit)
        assert subjects(items) == [f"restored {n}" for n in range(4)]
    everything, _ = follow(there)
    ids = [item["id"] for item in read_before + lost] + [item["id"] for item in items]
    assert len(set(ids)) == len(ids) == 5 + 5 + 1 + 3 + 4
    assert {item["id"] for item in read_before} < {item["id"] for item in everything}

    # The restored one is dumped and restored again, into the same cluster: an older state.
    older = dump(restored, tmp_path / "older.dump")
    for n in range(3):
        emit(world, f"lost again {n}", elsewhere)
    lost, latest = follow(there, end)
    again = spare.restore(older, "feed_again")
    for n in range(3):
        emit(world, f"restored again {n}", _emitter(again))
    items, _ = follow(reader_at(again, world.actor()), latest)
    assert subjects(items) == [f"restored again {n}" for n in range(3)]
    assert not {item["id"] for item in items} & {item["id"] for item in lost}


def test_one_dump_restored_twice_gives_two_epochs(
    world: World, spare: Spare, tmp_path: Path
) -> None:
    """The first restore went wrong, say, when readers had followed it already."""
    emit(world, "dumped", here)
    backup = dump(os.environ["DATABASE_URL"], tmp_path / "fusion.dump")
    first = spare.restore(backup, "first")
    emit(world, "in the first", _emitter(first))
    seen, cursor = follow(reader_at(first, world.actor()))
    with spare_cluster() as fresh:
        second = fresh.restore(backup, "second")
        emit(world, "in the second", _emitter(second))
        items, _ = follow(reader_at(second, world.actor()), cursor)
    assert subjects(items) == ["in the second"]
    assert not {item["id"] for item in items} & {item["id"] for item in seen}
