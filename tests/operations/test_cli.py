"""The command line: it teaches, says what it did, and fails in one readable line."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from uuid import UUID

import click
import psycopg
import pytest

from fusion.accounts.models import Member
from fusion.cli import run
from fusion.cli.commands import fusion as group
from fusion.clients.models import ApiClient
from fusion.kernel.sql_files import sql_files
from fusion.tenancy.models import Organization
from tests.bounds import PATIENCE
from tests.server import fusion
from tests.world import World


def failed(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line in which a command has said why it failed."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("fusion: ")
    assert not done.stdout
    return lines[0]


def read(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Let this process read a command line that ends before its command begins: starting another
    process takes most of a second."""
    output, errors = StringIO(), StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        code = run(list(arguments))
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())


@pytest.mark.parametrize("name", sorted(group.commands))
def test_every_command_explains_itself(name: str) -> None:
    done = read(name, "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    short = group.commands[name].get_short_help_str(100)
    assert short.endswith(".") and not short.endswith("...")


def test_help_needs_no_database() -> None:
    done = fusion("--help", environment={"DATABASE_URL": "nonsense", "PGHOST": "/nowhere"})
    assert done.returncode == 0
    assert "Exit codes" in done.stdout
    assert all(name in done.stdout for name in group.commands)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sing",),
        ("create-client", "00000000-0000-7000-8000-000000000000"),
        ("create-group", "   "),
        ("create-group", "x" * 201),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert "Try: fusion" in failed(fusion(*arguments), 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sing",),
        ("serve", "--port", "65536"),
        ("serve", "--workers", "none"),
        ("create-client", "nobody"),
    ],
)
def test_values_of_another_kind(arguments: tuple[str, ...]) -> None:
    assert "Try: fusion" in failed(read(*arguments), 2)


def texts_of_commands() -> list[tuple[str, str]]:
    """Every argument and option of every command that is a text, by its command's name."""
    return [
        (name, str(each.name))
        for name, command in sorted(group.commands.items())
        for each in command.params
        if isinstance(each.type, click.types.StringParamType)
    ]


@pytest.mark.parametrize(("name", "text"), texts_of_commands())
def test_a_text_that_cannot_be_seen_is_refused(world: World, name: str, text: str) -> None:
    """By every command that takes one: with all else right, it would be done."""
    before = world.fingerprint()
    given: list[str] = []
    for each in group.commands[name].params:
        value = str(world.group.id)
        if isinstance(each.type, click.types.StringParamType):
            value = "a\u202e\u200bb@example.com" if each.name == text else "a@example.com"
        if isinstance(each, click.Argument):
            given += [value]
        elif each.name == text:
            given = [each.opts[0], value, *given]
    done = read(name, *given)
    assert "invisible" in failed(done, 2)
    assert "\u202e" not in done.stderr
    assert world.fingerprint() == before


def test_unreachable_database() -> None:
    away = "postgresql://someone:geheim@127.0.0.1:1/fusion"
    line = failed(fusion("verify", environment={"DATABASE_URL": away}), 3)
    assert "cannot be reached" in line
    assert "geheim" not in line


@pytest.mark.parametrize("url", ["postgresql://u:geheim@h/d?nonsense=1", "host=h geheim"])
def test_unreadable_url(url: str) -> None:
    line = failed(fusion("verify", environment={"DATABASE_URL": url}), 3)
    assert "DATABASE_URL" in line
    assert "geheim" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FUSION_LOG_LEVEL", "loud"),
        ("FUSION_LOG_FORMAT", "poem"),
        ("FUSION_SECRET_KEY", "short"),
        ("FUSION_DATABASE_POOL", "-1"),
        ("FUSION_DATABASE_POOL", "many"),
    ],
)
def test_wrong_setting(name: str, value: str) -> None:
    assert name in failed(fusion("verify", environment={name: value}), 3)


@pytest.mark.parametrize("command", ["serve", "worker", "verify"])
def test_not_migrated(command: str, empty_database: str) -> None:
    line = failed(fusion(command, environment={"DATABASE_URL": empty_database}), 3)
    assert line.endswith("Run: fusion migrate")


def epoch_line(said: str) -> str:
    """What `fusion migrate` says of the feed's epoch."""
    [line] = [line for line in said.splitlines() if line.startswith("feed: epoch")]
    return line


def test_migrate_says_what_it_did_and_three_at_once_take_turns(empty_database: str) -> None:
    environment = {"DATABASE_URL": empty_database}
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(fusion, "migrate", environment=environment) for _ in range(3)]
    said = [run.result(PATIENCE) for run in runs]
    assert [done.returncode for done in said] == [0, 0, 0], [done.stderr for done in said]
    again = [done.stdout for done in said if "migrations: none applied" in done.stdout]
    [first] = [done.stdout for done in said if "migrations: none applied" not in done.stdout]
    assert len(again) == 2
    assert "migration: ordering.0001_initial" in first
    assert f"functions: {len(sql_files())} files installed" in first
    assert "call records: 4 partitions made" in first
    for later in again:
        assert epoch_line(later) == epoch_line(first)
        assert "functions: no files installed" in later
        assert "call records: no partitions made" in later
    assert fusion("verify", environment=environment).returncode == 0


def test_migrate_does_not_wait_for_ever(empty_database: str) -> None:
    """A long transaction has a table that it needs: given up, before all others queue up."""
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TABLE django_migrations (id bigint, app text, name text)")
        connection.commit()
        connection.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
        line = failed(
            fusion("migrate", "--wait", "1", environment={"DATABASE_URL": empty_database}), 3
        )
    assert "locked" in line
    assert "fusion migrate" in line


def test_create_group_and_client() -> None:
    done = fusion("create-group", "Example Telecom")
    assert done.returncode == 0, done.stderr
    id = UUID(done.stdout.strip())
    group = Organization.objects.unscoped("test").get(id=id)
    assert (group.kind, group.name) == ("group", "Example Telecom")

    made = fusion("create-client", str(id), "--name", "billing", "--json")
    answered = json.loads(made.stdout)
    client = ApiClient.scoped.unscoped("test").get(client_id=answered["client_id"])
    assert client.organization_id == id
    assert client.name == "billing"
    assert answered["scopes"] == client.scopes.split()
    assert answered["client_secret"] not in client.client_secret

    plain = fusion("create-client", str(id), "--scope", "orders:read")
    assert [line.split(": ")[0] for line in plain.stdout.splitlines()] == [
        "client_id",
        "client_secret",
    ]


def test_create_client_refuses_impossible_scopes(world: World) -> None:
    before = world.fingerprint()
    for scope in ("catalogue:write", "everything"):
        done = fusion("create-client", str(world.tenant.id), "--scope", scope)
        assert scope in failed(done, 1)
    assert world.fingerprint() == before


def test_create_administrator(world: World) -> None:
    email = f"{world.tenant.id.hex}@example.com"
    done = fusion("create-administrator", str(world.tenant.id), email, "--json")
    assert done.returncode == 0, done.stderr
    answered = json.loads(done.stdout)
    member = Member.objects.unscoped("test").get(id=answered["id"])
    assert (member.role, member.organization_id) == ("administrator", world.tenant.id)
    before = world.fingerprint()
    assert "already" in failed(fusion("create-administrator", str(world.tenant.id), email), 1)
    assert "email" in failed(fusion("create-administrator", str(world.tenant.id), "nobody"), 1)
    assert world.fingerprint() == before


def test_verify_finds_a_forged_balance(migrated_database: str) -> None:
    environment = {"DATABASE_URL": migrated_database}
    with psycopg.connect(migrated_database) as connection:
        connection.execute(
            "INSERT INTO ledger_balance (subscription_id, sku_id, group_id, sku, type, metric,"
            " granted, used, sequence) VALUES (gen_random_uuid(), gen_random_uuid(),"
            " gen_random_uuid(), 'user', 'license', 'user', 5, 0, 1)"
        )
    done = fusion("verify", environment=environment)
    assert done.returncode == 1
    assert done.stdout
    assert "differences" in done.stderr


def test_without_a_database_url(tmp_path: Path) -> None:
    """The embedded server is started for the command, keeps its data, and stops."""
    environment = {"DATABASE_URL": ""}
    done = fusion("migrate", environment=environment, cwd=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "feed: epoch" in done.stdout
    done = fusion("verify", environment=environment, cwd=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "var" / "postgres").exists()


def test_help_waits_for_no_library_of_the_database() -> None:
    """It needs neither, and they take most of the time of a start."""
    code = (
        "import sys; from fusion.cli import run; run(['--help']);"
        " sys.exit(bool({'django', 'psycopg', 'structlog'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, b"First steps" in done.stdout) == (0, True)
