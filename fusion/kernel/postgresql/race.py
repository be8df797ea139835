"""Connects to the primary among several hosts, without waiting for a silent host."""

from collections import deque
from collections.abc import Callable
from queue import Empty, Queue
from threading import Lock, Thread
from time import sleep

import psycopg

from fusion.kernel.postgresql.hosts import Host

NEXT_AFTER = 1.0
"""Seconds that a host may be silent before the next one is tried too."""

AGAIN_AFTER = 0.25
"""Seconds before a host that refused is tried again while others are silent: it may be about to
become the primary."""


class Race[C: psycopg.Connection]:
    """One attempt to connect: `connect` takes a host; the first connection wins."""

    def __init__(self, connect: Callable[[Host], C]) -> None:
        self.silent: list[Host] = []
        """Hosts that were tried and have not answered."""
        self._connect = connect
        self._answers: Queue[tuple[Host, C | psycopg.Error]] = Queue()
        self._lock = Lock()
        self._over = False

    def run(self, hosts: list[Host]) -> C:
        """The connection; psycopg's error of the last host if none accepts."""
        waiting = deque(hosts)
        while True:
            if waiting:
                self._start(waiting.popleft())
            try:
                host, answer = self._answers.get(timeout=NEXT_AFTER if waiting else None)
            except Empty:
                continue
            self.silent.remove(host)
            if not isinstance(answer, psycopg.Error):
                self._end()
                return answer
            if self.silent and not waiting:
                sleep(AGAIN_AFTER)
                waiting.append(host)
            elif not waiting:
                raise answer

    def _start(self, host: Host) -> None:
        self.silent.append(host)
        Thread(target=self._try, args=(host,), name="fusion-connect", daemon=True).start()

    def _try(self, host: Host) -> None:
        answer: C | psycopg.Error
        try:
            answer = self._connect(host)
        except psycopg.Error as error:
            answer = error
        with self._lock:
            if not self._over:
                self._answers.put((host, answer))
            elif not isinstance(answer, psycopg.Error):
                answer.close()

    def _end(self) -> None:
        with self._lock:
            self._over = True
        while not self._answers.empty():
            _, late = self._answers.get()
            if not isinstance(late, psycopg.Error):
                late.close()
