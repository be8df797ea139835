"""One demonstration for `test_demo.py` and `test_newcomer.py`: creating its year takes long.

`tests.conftest` lets one process run both files.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.running import READY, Demo, new_folder
from tests.server import free_port


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    """The demonstration's folder."""
    with new_folder() as folder:
        yield folder


@pytest.fixture(scope="package")
def demo(folder: Path) -> Iterator[Demo]:
    """It runs, in a folder where a first attempt was killed in the middle of its work."""
    port = free_port()
    first = Demo(folder, port).wait_for("Creating demo data")
    time.sleep(0.3)
    first.kill_all()
    running = Demo(folder, port).wait_for(READY)
    yield running
    running.stop()
