"""A demonstration that is stopped, killed and spoilt keeps its provider and its secrets."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.running import READY, Demo, child_running, new_folder
from tests.demo.test_demo import test_books as check_books
from tests.server import free_port


@pytest.fixture
def folder() -> Iterator[Path]:
    """The demonstration's folder."""
    with new_folder() as folder:
        yield folder


@pytest.mark.long
def test_again_and_again(folder: Path) -> None:
    """Stopped, killed, spoilt: the same provider each time, the same secrets, right books."""
    demo = Demo(folder, free_port()).wait_for(READY)
    facts = demo.facts()
    assert demo.stop(signal.SIGINT) == 0

    began = time.monotonic()
    again = Demo(folder, demo.port).wait_for(READY)
    assert time.monotonic() - began < 30, "quick on a machine with nothing else to do"
    assert "Creating demo data" not in again.output
    assert again.facts() == facts

    os.kill(child_running(again, "worker"), signal.SIGKILL)
    assert again.ended() == 4
    assert "The worker has ended (SIGKILL)" in again.output

    spoilt = (
        (folder / "var/demo.json")
        .read_text()
        .replace(facts["clients"]["tenant"]["client_secret"], "lost")
    )
    (folder / "var/demo.json").write_text(spoilt)
    third = Demo(folder, demo.port).wait_for(READY)
    assert third.facts()["clients"]["group"] == facts["clients"]["group"]
    with third.caller("tenant") as api:
        assert api.get(f"/subscriptions/{facts['subscription_id']}").status_code == 200

    third.kill_all()
    last = Demo(folder, demo.port).wait_for(READY)
    assert last.facts() == third.facts()
    check_books(last, folder)
    assert last.stop() == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", demo.port)) != 0
