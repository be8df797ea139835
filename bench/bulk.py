"""Bulk work on 10,000 numbers, against the same one by one.

One by one means requests over one connection, each sent when the one before is answered. Only a
sample is measured in this way, and its time is scaled up to 10,000: each of these requests costs
the same, however many came before.
"""

import csv
import io
import json
import time
import urllib.request
from collections.abc import Callable
from statistics import median
from typing import Any

import psycopg

from bench import provisioning
from bench.compare import CONNECTIONS, must_succeed
from bench.load import finish, request
from bench.provisioned import await_job, worker
from bench.provisioning import CROWD, FEW, STOCK, Ground
from bench.stage import Stage

SAMPLE = 500
"""Requests, or users of an upload, that are sent one by one."""

UPLOADED = "bulk {n}"
"""The logins of an upload, whose users are deleted again."""

Timed = tuple[float, float, float]
"""Seconds of 10,000: one by one, the same over several connections, and as one request."""


def measure_bulk(small: Stage, rounds: int) -> dict[str, Any]:
    """Move, upload and link 10,000 numbers: each as one request, and one by one."""
    kinds: dict[str, Callable[[Stage, Ground], Timed]] = {
        "bulk_move": _move,
        "bulk_upload": _upload,
        "bulk_link": _link,
    }
    results = {}
    with worker(small):
        for name, measure in kinds.items():
            ground = provisioning.prepare(small, FEW)
            results[name] = _result([measure(small, ground) for _ in range(max(1, rounds // 2))])
    return results


def _result(rounds: list[Timed]) -> dict[str, Any]:
    return {
        "one_by_one_s": round(median(one for one, _, _ in rounds), 2),
        "parallel_s": round(median(several for _, several, _ in rounds), 2),
        "bulk_s": round(median(bulk for *_, bulk in rounds), 2),
        "ratio": round(median(one / bulk for one, _, bulk in rounds), 1),
        "ratio_parallel": round(median(several / bulk for _, several, bulk in rounds), 1),
        "rows": CROWD,
        "sample": SAMPLE,
        "connections": CONNECTIONS,
        "runs": len(rounds),
    }


def _move(stage: Stage, ground: Ground) -> Timed:
    """Numbers to another subscription: there one by one and back at once, then all at once."""
    source, target = ground.crowd[0][1], stage.subscriptions[1]
    numbers = [e164 for *_, e164 in ground.crowd]
    provisioning.unlink_all(stage)
    path = f"/api/v1/subscriptions/{source}/numbers/move"
    times = []
    for connections in (1, CONNECTIONS):
        sample = [
            request("POST", path, stage.token, _moved(target, [e164])) for e164 in numbers[:SAMPLE]
        ]
        times.append(_scaled(stage, sample, connections))
        _post(stage, f"/subscriptions/{target}/numbers/move", _moved(source, numbers[:SAMPLE]))
    bulk = _post(stage, f"/subscriptions/{source}/numbers/move", _moved(target, numbers))
    _post(stage, f"/subscriptions/{target}/numbers/move", _moved(source, numbers))
    return times[0], times[1], bulk


def _moved(subscription: str, numbers: list[str]) -> bytes:
    return json.dumps({"to_subscription_id": subscription, "numbers": numbers}).encode()


def _link(stage: Stage, ground: Ground) -> Timed:
    """Numbers to users, by list."""
    times = []
    for connections in (1, CONNECTIONS):
        provisioning.unlink_all(stage)
        times.append(_scaled(stage, provisioning.link(stage, ground.crowd[:SAMPLE]), connections))
    provisioning.unlink_all(stage)
    links = [
        {"number": e164, "login": login}
        for login, (_, _, e164) in zip(ground.logins, ground.crowd, strict=True)
    ]
    path = f"/subscriptions/{ground.crowd[0][1]}/numbers/batch"
    return (
        times[0],
        times[1],
        _post(stage, path, json.dumps({"action": "link", "links": links}).encode()),
    )


def _upload(stage: Stage, ground: Ground) -> Timed:
    """New users of a CSV file, of whom each takes the next free number and is linked to it.

    One by one, these are three requests for each: create the user, take a number, link.
    """
    subscription = stage.subscriptions[1]
    try:
        times = [_create(stage, subscription, n, n * SAMPLE) for n in (1, CONNECTIONS)]
        logins = [UPLOADED.format(n=n) for n in range(CROWD)]
        begin = time.perf_counter()
        job = _send_file(
            stage, subscription, [{**PERSON, "login": each, "sku": STOCK} for each in logins]
        )
        await_job(stage, job, begin)
        return times[0], times[1], time.perf_counter() - begin
    finally:
        _delete(stage, subscription)


def _create(stage: Stage, subscription: str, connections: int, first: int) -> float:
    base = f"/api/v1/subscriptions/{subscription}"
    logins = [f"single {n}" for n in range(first, first + SAMPLE)]
    users = [
        request(
            "POST", f"{base}/users", stage.token, json.dumps({**PERSON, "login": each}).encode()
        )
        for each in logins
    ]
    seconds = _scaled(stage, users, connections)
    take = json.dumps({"sku": STOCK, "quantity": 1}).encode()
    seconds += _scaled(
        stage, [request("POST", f"{base}/numbers", stage.token, take)] * SAMPLE, connections
    )
    with psycopg.connect(stage.database_url) as sql:
        found = sql.execute(FREE, {"subscription": subscription, "logins": logins}).fetchall()
    pairs = [(str(user), subscription, str(e164)) for user, e164 in found]
    return seconds + _scaled(stage, provisioning.link(stage, pairs), connections)


PERSON = {"display_name": "Bulk", "kind": "user"}

FREE = """
SELECT u.id::text, n.e164
FROM (SELECT id, row_number() OVER (ORDER BY id) AS i FROM users_user
      WHERE subscription_id = %(subscription)s::uuid AND login = ANY (%(logins)s)) u
JOIN (SELECT e164, row_number() OVER (ORDER BY e164) AS i FROM numbers_number
      WHERE subscription_id = %(subscription)s::uuid AND status = 'assigned' AND user_id IS NULL
        AND e164 NOT IN (SELECT e164 FROM bench_user)) n USING (i)
"""

OWN = """
SELECT login FROM users_user WHERE subscription_id = %s::uuid AND login ~ '^(bulk|single) '
"""


def _delete(stage: Stage, subscription: str) -> None:
    """Delete the users of an upload by another one."""
    with psycopg.connect(stage.database_url) as sql:
        logins = [login for (login,) in sql.execute(OWN, [subscription])]
    for start in range(0, len(logins), CROWD):
        rows = [{"login": each, "action": "delete"} for each in logins[start : start + CROWD]]
        await_job(stage, _send_file(stage, subscription, rows), time.perf_counter())


def _send_file(stage: Stage, subscription: str, rows: list[dict[str, str]]) -> Any:
    """The job of a CSV file with these rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    wanted = urllib.request.Request(
        f"http://127.0.0.1:{stage.port}/api/v1/subscriptions/{subscription}/users/batch",
        text.getvalue().encode(),
        {"Authorization": f"Bearer {stage.token}", "Content-Type": "text/csv"},
    )
    with urllib.request.urlopen(wanted, timeout=300) as answer:
        return json.load(answer)


def _scaled(stage: Stage, sample: list[bytes], connections: int) -> float:
    """Seconds that 10,000 of such requests would take."""
    load = finish(stage.port, sample, connections=connections)
    must_succeed(load)
    return load.seconds * CROWD / len(sample)


def _post(stage: Stage, path: str, body: bytes) -> float:
    """Seconds of one request; SystemExit if it, or a row of it, is refused."""
    begin = time.perf_counter()
    answer = stage.call("POST", path, json.loads(body))
    took = time.perf_counter() - begin
    refused = [each for each in answer.get("results", ()) if each["status"] >= 300]
    if refused:
        raise SystemExit(f"bench: {len(refused)} rows of {path} were refused: {refused[0]}")
    return took
