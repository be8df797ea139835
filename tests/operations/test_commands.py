"""Commands without a process of their own: what they do, and how they refuse."""

import io
import json
from uuid import UUID

import pytest

from fusion.accounts.models import Member, User
from fusion.branding.models import Brand
from fusion.cli import run
from fusion.tenancy.models import Organization
from tests.world import World


def test_a_host_name_selects_a_group(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    host = f"{world.group.id.hex[:12]}.example.com"
    assert run(["set-host", str(world.group.id), f" {host.upper()} "]) == 0
    assert json.loads(capsys.readouterr().out)["host"] == host
    for wrong, words in (
        ([str(world.tenant.id), host], "Only a group can have a brand"),
        ([str(world.group.id), "no host!"], "is not a valid host name"),
        ([str(world.group.id), "a_b.example.com"], "is not a valid host name"),
    ):
        assert run(["set-host", *wrong]) == 2
        assert words in capsys.readouterr().err
    assert Brand.objects.get(group_id=world.group.id).host == host
    assert run(["set-host", str(world.group.id)]) == 0
    assert Brand.objects.get(group_id=world.group.id).host is None


def test_a_provider_is_made_up(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = {"tenants": 2, "subscriptions": 2, "orders": 5, "products": 2, "days": 30}
    sizes |= {"groups": 1, "distributors": 1, "resellers": 1, "random-seed": 7}
    assert run(["seed", *(f"--{name}={size}" for name, size in sizes.items())]) == 0
    group = UUID(capsys.readouterr().out.strip())
    of_group = Organization.objects.unscoped("test").filter(group_id=group)
    assert of_group.filter(kind="tenant").count() == 2
    assert run(["seed", "--days=99999"]) == 1
    assert "must be" in capsys.readouterr().err


def test_a_group_has_a_reference(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["create-group", "Example", "--external-reference", "  E 1 "]) == 0
    result = capsys.readouterr().out.split()
    found = Organization.objects.unscoped("test").get(id=result[-1])
    assert (found.name, found.external_reference) == ("Example", "E 1")
    assert run(["create-group", "Example", "--external-reference", "x" * 101]) == 2


def test_a_password_is_read_from_a_pipe(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\nsomething else\n"))
    email = f"{world.group.id.hex}@example.com"
    assert run(["create-administrator", str(world.group.id), email, "--password-stdin"]) == 0
    capsys.readouterr()
    user = User.objects.get(email=email)
    assert user.check_password("correct horse battery")
    assert Member.objects.unscoped("test").get(user=user).role == "administrator"


def test_nothing_to_do_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage: fusion" in capsys.readouterr().out
