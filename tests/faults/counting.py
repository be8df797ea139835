"""After the load: every acknowledged write exists once, and nothing else exists."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from tests.bounds import PATIENCE
from tests.faults.traffic import Traffic
from tests.server import wait_for

ORDERS = """
SELECT external_reference, count(*) FROM ordering_order
WHERE group_id = %(group)s AND external_reference LIKE 'order %%' GROUP BY 1
"""
NUMBERS = """
SELECT n.e164::text, (SELECT count(*) FROM events_event e WHERE e.group_id = %(group)s
                AND e.subject = n.e164 AND e.type = 'number.assigned')
FROM numbers_number n WHERE n.subscription_id = %(subscription)s AND n.status = 'assigned'
"""
USERS = """
SELECT u.login, count(*) FROM users_user u
WHERE u.subscription_id = %(subscription)s GROUP BY 1
"""
LINKS = """
SELECT u.login, count(*) FROM users_user u JOIN users_link l ON l.user_id = u.id
WHERE u.subscription_id = %(subscription)s GROUP BY 1
"""
CALLS = """
SELECT call_id, count(*) FROM (
    SELECT call_id FROM trunks_call WHERE trunk_id = %(trunk)s
    AND ended_at IS NULL
    UNION ALL SELECT call_id FROM trunks_callrecord WHERE trunk_id = %(trunk)s
) x GROUP BY 1
"""
SCHEDULED = """
SELECT o.id::text, count(e.id) FROM ordering_order o
LEFT JOIN events_event e ON e.subject = o.id::text AND e.type = 'order.completed'
                        AND e.group_id = o.group_id
WHERE o.id = ANY (%(scheduled)s::uuid[]) AND o.state = 'completed' GROUP BY 1
"""
EVENTS = """
SELECT epoch || '-' || xid || '-' || id FROM events_event
WHERE group_id = %(group)s ORDER BY epoch, xid, id
"""


@dataclass(frozen=True)
class Count:
    """Lost acknowledged writes, and duplicated ones."""

    lost: list[str]
    doubled: list[str]
    unknown: list[str]
    """Objects for which no client got an answer."""

    def is_clean(self) -> bool:
        """Whether each acknowledged write exists once, and nothing else exists."""
        return not (self.lost or self.doubled or self.unknown)


def count(traffic: Traffic, database: str) -> Count:
    """Compare the clients' answers with the rows; waits for scheduled orders."""
    parameters = {
        "group": traffic.world.group.id,
        "subscription": traffic.world.subscription.id,
        "trunk": traffic.trunk,
        "scheduled": traffic.scheduled,
    }

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(database, connect_timeout=5) as connection:
            return connection.execute(sql.encode(), parameters).fetchall()

    wanted = len(traffic.scheduled)
    wait_for(lambda: len(ask(SCHEDULED)) == wanted, "scheduled orders are applied")
    wait_for(lambda: _read_on(traffic) >= len(ask(EVENTS)), "the feed is read to its end")
    found = {
        "order": ask(ORDERS),
        "number": ask(NUMBERS),
        "user": ask(USERS),
        "link": ask(LINKS),
        "call": ask(CALLS),
        "scheduled": ask(SCHEDULED),
        "event": list(Counter(traffic.events).items()),
    }
    events = [id for (id,) in ask(EVENTS)]
    result = _compare(_expected(traffic, events), found)
    if traffic.events != events and result.is_clean():
        result.doubled.append("the feed is out of order")
    return result


def _expected(traffic: Traffic, events: list[str]) -> dict[str, set[str]]:
    answers = {kind: each.acknowledged for kind, each in traffic.outcomes.items()}
    links = answers["link"]
    return {
        "order": {key for key, answer in answers["order"].items() if answer.status_code == 201},
        "number": {answer.json()["items"][0]["e164"] for answer in answers["assignment"].values()},
        "user": {answer.json()["login"] for key, answer in links.items() if key[0] == "u"},
        "link": {f"user-{key[5:].replace('.', '-')}" for key in links if key[0] == "l"},
        "call": {key[5:] for key in answers["call"] if key[0] == "c"},
        "scheduled": set(traffic.scheduled),
        "event": set(events),
    }


def _compare(expected: dict[str, set[str]], found: dict[str, list[tuple[Any, ...]]]) -> Count:
    lost: list[str] = []
    doubled: list[str] = []
    unknown: list[str] = []
    for kind, rows in found.items():
        there = {str(name): int(times) for name, times in rows}
        lost += [f"{kind} {name}" for name in expected[kind] - there.keys()]
        unknown += [f"{kind} {name}" for name in there.keys() - expected[kind]]
        doubled += [f"{kind} {name}" for name, times in there.items() if times > 1]
        lost += [f"effect of {kind} {name}" for name, times in there.items() if times < 1]
    return Count(lost, doubled, unknown)


def _read_on(traffic: Traffic) -> int:
    """Read the feed from the position of the load's reader; returns the number of events read."""
    headers = {"Authorization": f"Bearer {traffic.world.token(traffic.world.group)}"}
    with httpx.Client(base_url=traffic.urls[0], headers=headers, timeout=PATIENCE) as http:
        page = http.get(f"/api/v1/events?limit=200{traffic.read_up_to}").json()
        traffic.read_up_to = f"&after={page['next']}"
        traffic.events += [event["id"] for event in page["items"]]
    return len(traffic.events)
