"""Room for coming records, and an end to old ones: months come and go as partitions."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, OperationalError, transaction
from structlog.testing import capture_logs

from fusion.jobs.retention import purge_records
from fusion.trunks.retention import (
    MONTHS_AHEAD,
    add_months,
    ensure_partitions,
    keep_records,
    months_kept,
    purge_call_records,
    set_months_kept,
    thin_peaks,
)
from tests.concurrency.actors import at_once
from tests.instants import MOMENT, still_clock
from tests.owner import as_owner
from tests.trunks.calling import rows, trunk_id
from tests.trunks.test_records import put_on_record
from tests.world import World

LONG_AGO = date(2001, 1, 1)
"""Nobody else's records are of that time. The months of these tests go with them."""


@pytest.fixture(autouse=True)
def gone() -> None:
    """What a test before has left of long ago."""
    purge_call_records(months=0, today=date(2003, 1, 1))


def months() -> list[str]:
    """The partitions of long ago."""
    found = rows(
        "SELECT relname FROM pg_class WHERE relname ~ '^trunks_callrecord_200[0-9]{3}$' ORDER BY 1"
    )
    return [name.removeprefix("trunks_callrecord_") for (name,) in found]


def where(world: World) -> dict[str, int]:
    """How many of the world's records lie in which partition."""
    found = rows(
        "SELECT tableoid::regclass::text, count(*) FROM trunks_callrecord WHERE group_id = %s"
        " GROUP BY 1",
        world.group.id,
    )
    return {name.removeprefix("trunks_callrecord_"): count for name, count in found}


def test_the_present_month_and_the_coming_ones_have_partitions() -> None:
    """As `fusion migrate` has left them."""
    [(found,)] = rows(
        "SELECT array_agg(relname::text) FROM pg_class WHERE relname LIKE 'trunks_callrecord_2%%'"
    )
    [(migrated,)] = rows("SELECT max(applied) FROM django_migrations")  # last month, at midnight
    for ahead in range(MONTHS_AHEAD + 1):
        assert f"trunks_callrecord_{add_months(migrated.date(), ahead):%Y%m}" in found


def test_made_once() -> None:
    assert ensure_partitions(today=date(2001, 11, 30)) == 4
    assert ensure_partitions(today=date(2001, 12, 1)) == 1
    assert ensure_partitions(today=date(2001, 12, 31)) == 0
    assert months() == ["200111", "200112", "200201", "200202", "200203"]


@pytest.mark.usefixtures("crowded")
def test_made_once_by_several_at_once() -> None:
    result = at_once(*[lambda: ensure_partitions(today=LONG_AGO)] * 4)
    assert sorted(result) == [0, 0, 0, 4]


def test_records_that_came_before_their_partition_are_moved_into_it(world: World) -> None:
    since = datetime(2001, 1, 31, 23, 59, 58, tzinfo=UTC)
    put_on_record(world, trunk_id(world), 4, since=since)
    before = world.fingerprint()
    assert where(world) == {"other": 4}
    ensure_partitions(today=LONG_AGO)
    assert where(world) == {"200101": 2, "200102": 2}
    assert world.fingerprint() == before


def test_expired_months_are_dropped(world: World) -> None:
    trunk = trunk_id(world)
    ensure_partitions(today=date(2001, 2, 1))
    noon = datetime(2001, 1, 15, 12, tzinfo=UTC)  # January has no partition
    for month in range(5):
        put_on_record(world, trunk, 1, since=noon + timedelta(days=30 * month))
    rows(
        "INSERT INTO trunks_channelpeak (group_id, subscription_id, minute, peak)"
        " SELECT %s, %s, m, 1 FROM generate_series(%s::timestamptz, '2001-05-15Z', '1 month') m",
        world.group.id,
        world.subscription.id,
        noon,
    )
    assert where(world) == {"other": 1, "200102": 1, "200103": 1, "200104": 1, "200105": 1}
    assert purge_call_records(months=2, today=date(2001, 5, 31)) == 1
    assert where(world) == {"200103": 1, "200104": 1, "200105": 1}
    assert months() == ["200103", "200104", "200105"]
    peaks = "SELECT count(*) FROM trunks_channelpeak WHERE subscription_id = %s"
    assert rows(peaks, world.subscription.id) == [(2,)]  # of 15 March and April
    assert purge_call_records(months=0, today=date(2001, 5, 31)) == 2
    assert where(world) == {"200105": 1}


def test_a_reader_delays_it_for_a_second_at_most(world: World) -> None:
    """The steps lock the table for a moment: whoever reads for long makes them give up."""
    ensure_partitions(today=LONG_AGO)
    put_on_record(world, trunk_id(world), 1, since=datetime(2001, 1, 1, tzinfo=UTC))
    with transaction.atomic():
        rows("SELECT FROM trunks_callrecord LIMIT 1")
        [refused] = at_once(lambda: outcome(lambda: purge_call_records(months=24)))
        assert isinstance(refused, OperationalError)
        assert at_once(lambda: outcome(lambda: keep_records(months=24))) == [None]
    assert "200101" in months()  # undone
    keep_records(months=24)
    assert months() == [] and where(world) == {}


@pytest.mark.parametrize("before", ["infinity", "next month", "this month", "a year ago"])
def test_a_promoted_server_drops_no_month_that_is_kept(world: World, before: str) -> None:
    """The runtime role may call the function, and the limit is not what the caller says."""
    today = datetime.now(UTC).date()
    days = {"next month": 1, "this month": 0, "a year ago": -12}
    day = str(add_months(today, days[before])) if before in days else before
    recent = datetime.now(UTC) - timedelta(days=400)  # in the rest, or in a partition of its own
    put_on_record(world, trunk_id(world), 1, since=recent)
    unchanged = world.fingerprint()
    for _ in range(2):
        with pytest.raises(DatabaseError, match="are kept: the present month and 24 before it"):
            rows("SELECT trunks_drop_partitions(%s::date)", day)
    assert world.fingerprint() == unchanged


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trunks_recordretention SET months = 0",
        "DELETE FROM trunks_recordretention",
        "INSERT INTO trunks_recordretention VALUES (1, 0)",
        "TRUNCATE trunks_recordretention",
    ],
)
def test_the_server_role_cannot_change_the_limit(statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        rows(statement)


def test_the_owner_sets_the_limit_and_a_shorter_setting_of_a_worker_is_ignored(
    world: World,
) -> None:
    today = datetime.now(UTC).date()
    day = add_months(today, -7)
    put_on_record(world, trunk_id(world), 1, since=datetime(day.year, day.month, 2, tzinfo=UTC))
    assert where(world) == {"other": 1}
    with capture_logs() as logs:
        keep_records(months=6)
    assert [(each["months"], each["kept"]) for each in logs] == [(6, 24)]
    assert where(world) == {"other": 1}
    with as_owner():
        set_months_kept(None)
        assert months_kept() == 24
        set_months_kept(6)
    try:
        assert months_kept() == 6
        keep_records(months=12)  # longer than the database insists on
        assert where(world) == {"other": 1}
        keep_records(months=6)
        assert where(world) == {}
    finally:
        with as_owner():
            set_months_kept(24)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("-infinity", "2001-01-01"),
        ("2001-01-01", "infinity"),
        ("1999-12-31", "2000-01-01"),
        ("2001-01-01", "2006-01-01"),
        ("2098-01-01", "2099-01-01"),
        (None, "2001-01-01"),
        ("2001-01-01", None),
    ],
)
def test_the_catalogue_is_not_filled_with_tables(first: str | None, last: str | None) -> None:
    with pytest.raises(DatabaseError, match="no partitions of call records from"):
        rows("SELECT trunks_ensure_partitions(%s::date, %s::date)", first, last)
    assert months() == []


def outcome(action: object) -> object:
    """What it returns or raises."""
    try:
        return action()  # type: ignore[operator]
    except OperationalError as error:
        return error


def test_the_worker_s_task(world: World) -> None:
    ensure_partitions(today=LONG_AGO)
    purge_records()
    assert months() == []


def test_of_old_hours_only_the_highest_minute_is_kept(world: World) -> None:
    at = datetime(2001, 6, 10, 12, 30, tzinfo=UTC)

    def note(*days_ago: int) -> None:
        rows(
            "INSERT INTO trunks_channelpeak (group_id, subscription_id, trunk_id, minute, peak)"
            " SELECT %s, %s, t, %s::timestamptz - d * interval '1 day' - i * interval '1 minute',"
            " i + 1"
            " FROM generate_series(0, 89) i, unnest(%s::int[]) d,"
            " unnest(ARRAY[NULL, gen_random_uuid()]) t",
            world.group.id,
            world.subscription.id,
            at.replace(minute=29),
            list(days_ago),
        )

    def left() -> list[tuple[datetime, int]]:
        return rows(
            "SELECT minute, peak FROM trunks_channelpeak WHERE subscription_id = %s"
            " AND trunk_id IS NULL ORDER BY minute",
            world.subscription.id,
        )

    note(0, 1)
    thin_peaks(at=at)
    assert len(left()) == 180  # not yet
    note(3, 30)
    assert thin_peaks(at=at) == 2 * 88
    assert thin_peaks(at=at) == 0
    old = [(minute, peak) for minute, peak in left() if minute < at - timedelta(days=2)]
    assert [(minute, peak) for minute, peak in old if minute > at - timedelta(days=8)] == [
        (datetime(2001, 6, 7, 11, 0, tzinfo=UTC), 90),
        (datetime(2001, 6, 7, 12, 0, tzinfo=UTC), 30),
    ]
    assert len(old) == 2 + 90  # no worker has run for a month: those stay as they are


def test_from_2000_on_and_up_to_two_years_ahead() -> None:
    """The first and the last day that are allowed, and the next ones."""
    ensure = "SELECT trunks_ensure_partitions(%s::date, %s::date)"
    with still_clock() as go_to:
        go_to(datetime(2000, 1, 1, tzinfo=UTC))
        for first, last in (("1999-12-31", "2000-01-01"), ("2001-12-31", "2002-01-01")):
            with pytest.raises(DatabaseError, match="no partitions"), transaction.atomic():
                rows(ensure, first, last)
        assert rows(ensure, "2000-01-01", "2001-12-31") == [(24,)]
        go_to(datetime(2010, 1, 1, tzinfo=UTC))
        assert rows(ensure, "2002-01-15", "2007-01-14") == [(61,)]


def test_a_month_ends_before_the_next_begins(world: World) -> None:
    begins = datetime(2001, 2, 1, tzinfo=UTC)
    trunk = trunk_id(world)
    ended = "UPDATE trunks_callrecord SET ended_at = %s WHERE group_id = %s"
    put_on_record(world, trunk, 1, since=begins - timedelta(hours=5))
    with as_owner():
        for at, left in ((begins, 1), (begins - MOMENT, 0)):
            rows(ended, at, world.group.id)
            purge_call_records(months=0, today=begins.date())
            assert sum(where(world).values()) == left


def test_thinning_begins_and_ends_with_its_minutes(world: World) -> None:
    begins = datetime(2001, 6, 10, 12, 10, tzinfo=UTC)
    for minutes, peak in ((0, 1), (1, 3), (2, 2)):
        rows(
            "INSERT INTO trunks_channelpeak (group_id, subscription_id, minute, peak)"
            " VALUES (%s, %s, %s, %s)",
            world.group.id,
            world.subscription.id,
            begins + timedelta(minutes=minutes),
            peak,
        )
    thin = "SELECT trunks_thin_peaks(%s, %s)"
    assert rows(thin, begins, begins + timedelta(minutes=2)) == [(1,)]
    assert rows(thin, begins, begins + timedelta(minutes=3)) == [(1,)]
