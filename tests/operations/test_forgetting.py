"""What the worker does away with by the clock."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from fusion.events.feed import position_of
from fusion.jobs.retention import purge, purge_jobs
from fusion.kernel.clock import now
from fusion.kernel.ids import new_id
from tests.portal.people import make_person, signed_in
from tests.world import World


def test_sessions_that_have_run_out(world: World) -> None:
    client = signed_in(make_person((world.tenant, "viewer")))
    key = client.session.session_key
    over = new_id().hex
    for each, days in ((over, -1), (new_id().hex, 1)):
        end = timezone.now() + timedelta(days=days)
        Session.objects.create(session_key=each, session_data="", expire_date=end)
    purge()
    assert not Session.objects.filter(session_key=over).exists()
    assert Session.objects.filter(session_key=key).exists()
    assert client.get("/").status_code == 200


def test_jobs_that_have_ended() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES"
            " ('test', 'old', 'failed'), ('test', 'new', 'failed'), ('test', 'todo', 'todo'),"
            " ('sweep', 'former', 'todo') RETURNING id"
        )
        old, new, todo, former = (id for (id,) in cursor.fetchall())
        cursor.execute(
            "INSERT INTO procrastinate_events (job_id, type, at) VALUES"
            " (%s, 'failed', now() - interval '169 hours'), (%s, 'failed', now())",
            [old, new],
        )
    purge_jobs()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM procrastinate_jobs WHERE id = ANY (%s) ORDER BY id",
            [[old, new, todo, former]],
        )
        assert [id for (id,) in cursor.fetchall()] == [new, todo]
        cursor.execute("DELETE FROM procrastinate_jobs WHERE queue_name = 'test'")


def test_marks_of_the_feed() -> None:
    """Of old hours the first stays, and positions stay before all events of an instant."""
    hour = now().replace(minute=0, second=0, microsecond=0)
    old, older, recent = (hour - timedelta(days=days) for days in (40, 41, 30))
    marks = {
        beginning + timedelta(minutes=minute): 100 * number + minute + 1
        for number, beginning in enumerate((older, old, recent))
        for minute in (3, 4, 59)
    }
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO events_feedmark (at, epoch, xid) VALUES (%s, 0, %s::text::xid8)",
            [(at, str(xid)) for at, xid in marks.items()],
        )
    try:
        purge()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT at FROM events_feedmark WHERE at = ANY (%s) ORDER BY at", [list(marks)]
            )
            kept = [at for (at,) in cursor.fetchall()]
        assert [at for at in marks if at not in kept] == [
            beginning + timedelta(minutes=minute)
            for beginning in (older, old)
            for minute in (4, 59)
        ]
        assert position_of(old + timedelta(minutes=59, seconds=1)) == (0, 104, 0)
        assert position_of(old + timedelta(minutes=1)) == (0, 4, 0)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_feedmark WHERE at = ANY (%s)", [list(marks)])
