"""What the embedded server says where it cannot be had."""

import importlib.util
from pathlib import Path

import pytest

from fusion.embedded import Cluster, EmbeddedPostgresError, binaries, configuration
from tests.embedded.conftest import SMALL
from tests.temporary_database import run_temporary


def test_settings_are_one_line_each() -> None:
    text = configuration.render("/tmp/it's", {"shared_buffers": "1MB", "app.name": "a\\b"})
    assert "shared_buffers = '1MB'\n" in text and "app.name = 'a\\\\b'\n" in text
    assert "unix_socket_directories = '/tmp/it''s'\n" in text
    for name, value in (("port\nfsync", "1"), ("work_mem", "1\nfsync = off"), ("1port", "1")):
        with pytest.raises(EmbeddedPostgresError, match="not a PostgreSQL setting"):
            configuration.render("/tmp", {name: value})


def test_a_wheel_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EmbeddedPostgresError, match="set DATABASE_URL to your own PostgreSQL"):
        binaries.find_bindir()


def test_an_address_before_there_is_a_secret(folder: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="take a lease first"):
        Cluster(folder / "postgres", None, SMALL).url()


def test_initdb_that_fails(folder: Path) -> None:
    programs = folder / "bin"
    programs.mkdir()
    for name in ("postgres", "initdb"):
        program = programs / name
        program.write_text("#!/bin/sh\necho 'no room' \"for $0\" >&2\nexit 1\n")
        program.chmod(0o755)
    with (
        pytest.raises(EmbeddedPostgresError, match=r"initdb failed in .*: no room for .*initdb"),
        run_temporary(folder / "postgres", bindir=programs, fast=True),
    ):
        pass
    assert not list(folder.glob("postgres/*/data/PG_VERSION"))
