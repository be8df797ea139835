"""The queue of jobs: waiting jobs, and workers that run them within a test."""

import asyncio
from dataclasses import dataclass

from django.db import connection
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import connector_params

from fusion.jobs import schedule
from fusion.kernel.job_queue import working_app
from fusion.portal.mails.outbox import unseal

assert schedule.SWEEPS, "it knows all tasks"

WAITING = """
SELECT args ->> 'sealed' FROM procrastinate_jobs
WHERE task_name = 'deliver_mail' AND status = 'todo' ORDER BY id
"""


@dataclass(frozen=True)
class Mail:
    """A mail that is not yet delivered."""

    sender: str
    recipient: str
    subject: str
    text: str


def waiting_mails(recipient: str | None = None) -> list[Mail]:
    """The waiting mails, oldest first: all, or those to `recipient`."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        mails = [Mail(**unseal(sealed)) for (sealed,) in cursor.fetchall()]
    return [mail for mail in mails if recipient in (None, mail.recipient)]


def clear_mails() -> None:
    """Delete the waiting and failed mails."""
    _execute("DELETE FROM procrastinate_jobs WHERE task_name = 'deliver_mail'")


def clear_jobs() -> None:
    """Delete all jobs, of other tests too."""
    _execute("DELETE FROM procrastinate_jobs")


def make_due(task: str) -> None:
    """As if the time until the next attempt of each job of the task had passed."""
    _execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE task_name = %s", task)


def states(task: str) -> list[tuple[str, int]]:
    """State and attempts of each job of the task, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text, attempts FROM procrastinate_jobs WHERE task_name = %s"
            " ORDER BY id",
            [task],
        )
        return [(state, attempts) for state, attempts in cursor.fetchall()]


def run_jobs(queue: str, concurrency: int = 1) -> None:
    """Run a worker until no job of the queue is due."""

    async def work() -> None:
        connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=3)
        app = working_app(connector)
        async with app.open_async():
            await app.run_worker_async(
                queues=[queue],
                concurrency=concurrency,
                wait=False,
                listen_notify=False,
                install_signal_handlers=False,
                delete_jobs="successful",
            )

    asyncio.run(work())


def _execute(statement: str, *parameters: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
