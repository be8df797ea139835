"""`/healthz` before Django: whether the process is alive, which needs neither a token nor the
database."""

from time import perf_counter

import orjson

from fusion.edge.health import ALIVE
from fusion.edge.middleware import begin, end, record
from fusion.hot.form import Environ
from fusion.hot.reply import Reply, success
from fusion.kernel.strict import has_body

PATH = "/healthz"
BODY = orjson.dumps(ALIVE)


def alive(environ: Environ) -> Reply | None:
    """The answer; None if the described route must answer."""
    if environ["REQUEST_METHOD"] != "GET" or environ["QUERY_STRING"] or has_body(environ):
        return None
    started = perf_counter()
    request_id = begin(environ)
    try:
        reply = success(200, BODY, {}, request_id)
        record(
            reply.status,
            None,
            method="GET",
            route=PATH[1:],
            actor=None,
            seconds=perf_counter() - started,
            is_probe=True,
        )
        return reply
    finally:
        end()
