"""What the worker does away with by the clock."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from fusion.jobs.retention import purge, purge_jobs
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
