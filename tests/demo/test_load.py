"""What the demonstration makes up, finds again, and repairs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connection
from django.test import override_settings

from fusion.access.actor import system_actor
from fusion.accounts.models import Member, User
from fusion.cli.verify import differences
from fusion.clients.models import ApiClient
from fusion.clients.revoke_client import revoke_client
from fusion.demo import credentials, facts
from fusion.demo.installation import Installation, find_installation
from fusion.demo.load import load_demo
from fusion.demo.story import PEOPLE, SHOWN
from fusion.demo.summary import summary
from fusion.lifecycle.terminate import terminate
from fusion.tenancy.models import Organization, Subscription

BASE_URL = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    """Many passwords are made and tried here; the slow hasher has tests of its own."""
    with override_settings(PASSWORD_HASHERS=["fusion.clients.hashers.SecretHasher"]):
        yield


def installation() -> Installation:
    """The one of this database, or a new one."""
    return find_installation() or load_demo()


def secret_works(client: dict[str, str]) -> bool:
    """Whether a token can be had with it."""
    known = ApiClient.objects.get(client_id=client["client_id"])
    return check_password(client["client_secret"], known.client_secret)


def test_made_up_once() -> None:
    """The books are right, and whoever comes second finds what is there."""
    made = installation()
    assert differences() == []
    assert find_installation() == made
    assert load_demo() == made
    assert len(summary(made)) == 3


def test_one_line_of_organizations() -> None:
    """The subscription lies under the tenant, that under the reseller, that under the rest."""
    made = installation()
    shown = Subscription.objects.unscoped("test").get(id=made.subscription)
    above = (shown.group_id, shown.distributor_id, shown.reseller_id, shown.tenant_id)
    assert above == (made.group, made.distributor, made.reseller, made.tenant)
    assert shown.external_reference == SHOWN
    other = Organization.objects.unscoped("test").get(id=made.other_group)
    assert (other.kind, other.id) == ("group", other.group_id)


def test_each_provider_numbers_its_own_orders() -> None:
    """Without a sequence of its own, a group would draw from the one that groups once shared."""
    made = installation()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM tenancy_organization WHERE id = ANY (%s)"
            " AND to_regclass('ordering_number_' || replace(id::text, '-', '')) IS NOT NULL",
            [[made.group, made.other_group]],
        )
        assert {id for (id,) in cursor.fetchall()} == {made.group, made.other_group}


def test_secrets_are_kept_while_they_work() -> None:
    """One that works stays; one that does not, or of a client that was revoked, is replaced."""
    made = installation()
    first = credentials.clients(made, {})
    assert all(secret_works(client) for client in first.values())
    assert credentials.clients(made, first) == first

    spoilt = {**first, "tenant": {**first["tenant"], "client_secret": "lost"}, "reseller": "?"}
    group = ApiClient.objects.get(client_id=first["group"]["client_id"])
    revoke_client(system_actor(made.group, "test"), organization_id=made.group, client_id=group.id)
    second = credentials.clients(made, spoilt)
    assert {name for name in first if first[name] != second[name]} == {
        "group",
        "reseller",
        "tenant",
    }
    assert all(secret_works(client) for client in second.values())


def test_passwords_are_kept_while_they_work() -> None:
    """The same for people; a member who was removed is no longer told."""
    made = installation()
    first = credentials.logins(made, [], trusting=True)
    assert len(first) == len(PEOPLE)
    person, gone = first[0], first[-1]
    User.objects.filter(email=person["email"]).update(password="changed by themselves")
    Member.objects.unscoped("test").filter(user__email=gone["email"]).delete()

    assert credentials.logins(made, first, trusting=True) == first[:-1]
    second = credentials.logins(made, [*first, "?"], trusting=False)
    assert second[1:] == first[1:-1]
    assert second[0]["password"] != person["password"]
    stored = User.objects.get(email=person["email"]).password
    assert check_password(second[0]["password"], stored)


def test_file(tmp_path: Path) -> None:
    """Written whole and for its owner only, read back; what is no such file is no facts."""
    file = tmp_path / "var" / "demo.json"
    assert facts.read(file) == {}
    result = facts.gather(installation(), base_url=BASE_URL, former={}, trusting=True)
    for _ in range(2):
        facts.write(file, result)
        assert facts.read(file) == result
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["demo.json"]
    for wrong in ("", "[]", '{"half', "\0"):
        file.write_text(wrong)
        assert facts.read(file) == {}
    damaged = json.loads(json.dumps(result)) | {"clients": [], "logins": {"email": 1}}
    repaired = facts.gather(installation(), base_url=BASE_URL, former=damaged, trusting=True)
    assert all(secret_works(client) for client in repaired["clients"].values())


@pytest.mark.long
def test_a_new_one_after_the_end() -> None:
    """Whoever has terminated the shown subscription gets a new provider the next time."""
    former = installation()
    terminate(system_actor(former.group, "test"), subscription_id=former.subscription)
    assert find_installation() is None
    new = load_demo()
    assert find_installation() == new
    assert not set(new.organizations().values()) & set(former.organizations().values())
    assert len(credentials.logins(new, [], trusting=True)) == len(PEOPLE)
    assert differences() == []
