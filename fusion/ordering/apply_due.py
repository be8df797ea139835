"""Applying scheduled orders that are due: what the worker does every few seconds.

The orders themselves are the queue: nothing has to be recovered after a crash, and what fell due
while no worker ran is found by the next one. Several workers share the work.
"""

import orjson
import structlog
from django.db import connection

from fusion.kernel.database import first_row

log = structlog.get_logger(__name__)

ACTOR = "system:worker"


def apply_due_orders(*, limit: int = 10_000, request_id: str = "") -> int:
    """Apply up to `limit` due orders, each in a transaction of its own; how many were settled.

    Ends early when none is left that no other worker has in hand.
    """
    settled = 0
    first_row("SELECT 1")
    while settled < limit:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ordering_apply_next(%s::text, %s::text)", [ACTOR, request_id])
            (answer,) = cursor.fetchone()
        if answer is None:
            break
        told = orjson.loads(answer)
        if told:
            settled += 1
            log.info("order settled", **told)
    return settled
