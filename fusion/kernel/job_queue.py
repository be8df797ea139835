"""Jobs: rows of procrastinate's queue, deferred in the transaction that causes them.

`defer` uses Django's connection, so a job exists exactly if its transaction commits. A worker
deletes a job that succeeded. It retries a failing job after increasing delays; after the last
attempt the job remains as `failed`, for operators. Arguments of jobs are never logged.
"""

from typing import Any

import structlog
from procrastinate import BaseConnector, BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import DjangoApp, app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.tasks import Task

from fusion.kernel.postgresql.outage import outage_of

log = structlog.get_logger(__name__)

OUTAGE = 5
"""Seconds until the next attempt after an outage of the database, which is not counted as a
failure."""


class Retries(BaseRetryStrategy):
    """At most `attempts`; the first wait is `wait` seconds, and each later one twice as long."""

    def __init__(self, *, attempts: int, wait: int = 1) -> None:
        self.attempts, self.wait = attempts, wait

    def is_last(self, error: BaseException, job: Job) -> bool:
        """Whether this error was the last attempt."""
        return outage_of(error) is None and job.attempts + 1 >= self.attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to retry; None after the last attempt."""
        facts = {"task": job.task_name, "job": job.id, "attempts": job.attempts + 1}
        if self.is_last(exception, job):
            log.error("job failed", **facts, exc_info=exception)
            return None
        seconds = OUTAGE if outage_of(exception) else self.wait * 2**job.attempts
        log.warning("job will be retried", **facts, seconds=seconds, error=repr(exception))
        return RetryDecision(retry_in={"seconds": seconds})


def defer(task: Task[Any, Any, Any], *jobs: dict[str, Any], seconds: int = 0) -> None:
    """Defer a job for each item of `jobs` (its arguments) in the current transaction.

    They run after `seconds` at the earliest. Raises psycopg's errors, not the library's.
    """
    try:
        task.configure(schedule_in={"seconds": seconds} if seconds else None).batch_defer(*jobs)
    except ConnectorException as error:
        raise error.__cause__ or error from None


def working_app(connector: BaseConnector) -> DjangoApp:
    """The app that a worker runs: it reads the queue through `connector`.

    Tasks still defer jobs through Django's connection, in their own transaction.
    """
    working = DjangoApp(connector=connector)
    working.tasks = app.tasks
    working.periodic_registry = app.periodic_registry
    return working
