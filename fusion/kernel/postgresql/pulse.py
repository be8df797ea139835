"""Checks whether a server still answers while one of its statements stays silent.

A client cannot tell a frozen server, or a vanished host, from one that runs a slow statement: the
kernel of a frozen server still acknowledges TCP. So after a while the client opens one more
connection. Any answer, even a refusal, proves that the server lives and that the statement is slow.
"""

import os
from errno import EHOSTDOWN, EHOSTUNREACH, ENETUNREACH
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any

import psycopg
import structlog
from psycopg.errors import ConnectionTimeout

from fusion.kernel.postgresql.hosts import Host, hosts, place_of, with_hosts
from fusion.kernel.postgresql.parameters import Parameters

log = structlog.get_logger(__name__)

PROBE_AFTER = 0.5
"""Seconds without an answer to a statement before its server is probed."""

DEAD_AFTER = 4.0
"""Seconds without an answer to a probe before the server is given up."""

PROBE = 2
"""Seconds that one probe may take: the shortest connect_timeout of libpq."""

SUSPECT_AFTER, LOOK = 1.0, 0.25
"""Seconds without an answer before the other hosts are probed too, and seconds between two such
probes: one of them may have become the primary."""

INTERVAL = 2.0
"""Seconds between two probes of a server that answers."""

UNREACHABLE = tuple(map(os.strerror, (EHOSTDOWN, EHOSTUNREACH, ENETUNREACH)))

KEPT = 0.5
"""Seconds for which a waiting client counts; each registers ten times a second."""


class Pulse:
    """What this process knows of one server, shared by all waiting callers."""

    def __init__(self, host: Host, parameters: Parameters) -> None:
        """`parameters` are those of the connection, with all hosts."""
        self.dead = False
        self._host = host
        self._parameters = parameters
        here = place_of(host)
        self._others = [each for each in hosts(parameters) if place_of(each) != here]
        self._lock = Lock()
        self._asking = False
        self._wanted = 0.0
        self._heard = 0.0

    def is_dead(self, silent: float) -> bool:
        """Whether to give up a statement that has been silent for so many seconds."""
        if not self.dead and silent >= PROBE_AFTER:
            with self._lock:
                self._wanted = monotonic()
                if not self._asking:
                    self._asking, self._heard = True, self._wanted
                    Thread(target=self._probe, name="fusion-pulse", daemon=True).start()
        return self.dead

    def _probe(self) -> None:
        while self._is_wanted():
            if self._answers_before_another():
                self._heard = monotonic()
                self._rest(INTERVAL)
            elif self._has_successor() or monotonic() - self._heard >= DEAD_AFTER:
                self._give_up()

    def _is_wanted(self) -> bool:
        with self._lock:
            self._asking = not self.dead and monotonic() - self._wanted < KEPT
            return self._asking

    def _rest(self, seconds: float) -> None:
        until = monotonic() + seconds
        while monotonic() < until and monotonic() - self._wanted < KEPT:
            sleep(0.1)

    def _give_up(self) -> None:
        self.dead = True
        log.error(
            "the database does not respond",
            server=":".join(place_of(self._host)),
            seconds=round(monotonic() - self._heard, 1),
        )

    def _answers_before_another(self) -> bool:
        """Whether the server answers, and no other host has become the primary meanwhile."""
        answered: list[bool] = []
        question = Thread(target=lambda: answered.append(self._answers()), daemon=True)
        question.start()
        question.join(SUSPECT_AFTER)
        while question.is_alive() and not self._has_successor():
            question.join(LOOK)
        return answered == [True]

    def _answers(self) -> bool:
        """Whether the server sends any answer: a refusal is enough."""
        own = with_hosts(self._parameters, [self._host])
        failure = _connect({**own, "target_session_attrs": "any"})
        return not isinstance(failure, ConnectionTimeout) and not any(
            sign in str(failure) for sign in UNREACHABLE
        )

    def _has_successor(self) -> bool:
        """Whether another host is now the primary."""
        wanted = {**self._parameters, "target_session_attrs": "read-write"}
        return bool(self._others) and _connect(with_hosts(wanted, self._others)) is None


def _connect(parameters: Parameters) -> psycopg.Error | None:
    """The reason why a connection failed."""
    timed: dict[str, Any] = {**parameters, "connect_timeout": str(PROBE)}
    try:
        psycopg.connect(**timed).close()
    except psycopg.Error as error:
        return error
    return None


_pulses: dict[tuple[str, str, str], Pulse] = {}
_present: dict[tuple[str, str], Pulse] = {}


def reached(host: Host, parameters: Parameters) -> Pulse:
    """The pulse of a server that has just accepted a connection, and therefore responds."""
    key = (*place_of(host), host.get("hostaddr", ""))
    pulse = _pulses.setdefault(key, Pulse(host, parameters))
    pulse.dead = False
    _present[place_of(host)] = pulse
    return pulse


def give_up(host: Host) -> None:
    """It is silent, and another host is the primary."""
    pulse = _present.get(place_of(host))
    if pulse is not None:
        pulse.dead = True


def answering_first(servers: list[Host]) -> list[Host]:
    """The hosts, with those that were given up at the end."""
    return sorted(servers, key=_is_silent)


def _is_silent(host: Host) -> bool:
    pulse = _present.get(place_of(host))
    return pulse is not None and pulse.dead
