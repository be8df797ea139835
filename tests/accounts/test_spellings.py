"""One person for each e-mail, however it is spelled; also where the release before writes."""

from collections.abc import Callable
from importlib import import_module

import pytest
from django.db.utils import IntegrityError
from django.test import Client

from fusion.access.actor import ADMINISTRATOR, VIEWER
from fusion.accounts.add_membership import add_membership
from fusion.accounts.create_member import create_member
from fusion.accounts.models import User
from fusion.accounts.rules import normal_email
from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from tests.owner import owner_rows
from tests.portal.people import PASSWORD, make_person
from tests.queued import waiting_mails
from tests.world import World, answer

MIGRATION = import_module("fusion.tenancy.migrations.0020_email_key")

OLD = (
    "INSERT INTO tenancy_user (id, email, password, is_active, created_at)"
    " VALUES (%s, %s, '', true, now())"
)
"""What a server of the release before writes: it knows nothing of keys."""


def unique(domain: str = "example.com") -> str:
    """An address that nobody has, with an s and a k in it."""
    return f"sk{new_id().hex}@{domain}"


SPELLINGS: list[Callable[[str], str]] = [
    str.upper,
    lambda email: f" {email}\u00a0",
    lambda email: email.replace("s", "\u017f", 1),
    lambda email: email.replace("k", "\u212a", 1),
    lambda email: email.replace("@", "\uff20").replace(".", "\u3002"),
    lambda email: "".join(chr(ord(each) + 0xFEE0) for each in email),
    lambda email: email.replace("@", "\u00ad@").replace("com", "c\ufe0fom"),
]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_spellings_of_one_address_are_one_person(
    world: World, spelled: Callable[[str], str]
) -> None:
    email = unique()
    other = spelled(email)
    assert normal_email(other) == email
    create_member(world.actor(), organization_id=world.group.id, email=email)
    create_member(world.actor(), organization_id=world.tenant.id, email=other)
    assert User.objects.filter(email__contains=email[2:34]).count() == 1
    path = f"/organizations/{world.group.id}/members"
    again = world.call("POST", path, {"email": other, "role": "viewer"})
    assert (again.status_code, answer(again)["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "domain", ["bu\u0308cher.example", "B\u00dcCHER.example", "b\u00fccher\uff0eexample"]
)
def test_domains_of_other_scripts(domain: str) -> None:
    assert normal_email(f"a@{domain}") == "a@b\u00fccher.example"


@pytest.mark.parametrize(
    "email",
    [
        "",
        " ",
        "a",
        "\u0131@example.com",  # an i without its dot
        "a@ex\u0430mple.com",  # a Cyrillic letter among Latin ones
        "a\u200b@example.com",
        "a@exam\u202eple.com",
        "a@exam\u200dple.com",
        "a\0@example.com",
        "i\u0307@example.com\n.com",
    ],
)
def test_invalid_and_lookalike_addresses_are_refused(email: str) -> None:
    with pytest.raises(ValueError):
        normal_email(email)


@pytest.mark.parametrize("path", ["/sign-in", "/password/forgotten"])
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_the_forms_know_a_person_by_any_spelling(
    world: World, path: str, spelled: Callable[[str], str]
) -> None:
    person = make_person((world.group, ADMINISTRATOR), email=unique())
    typed = spelled(person.email)
    client = Client()
    name = "login" if path == "/sign-in" else "email"
    sent = client.post(path, {name: typed, "password": PASSWORD})
    assert sent.status_code == 302, sent.content
    if path == "/sign-in":
        assert client.get("/account").headers["Location"].startswith("/account?once=")
    else:
        assert len(waiting_mails(person.email)) == 1


@pytest.mark.parametrize("path", ["/sign-in", "/password/forgotten"])
def test_forms_refuse_invisible_characters(path: str) -> None:
    name = "login" if path == "/sign-in" else "email"
    for typed in ("a\u200b@example.com", "a@exam\u202eple.com", "a@exam\0ple.com"):
        sent = Client().post(path, {name: typed, "password": PASSWORD})
        page = sent.content.decode()
        assert "cannot be seen or turns the text around" in page or "Null characters" in page


def test_a_row_of_the_release_before_takes_the_address(world: World) -> None:
    email = unique("stra\u00dfe.example")
    owner_rows(OLD, [new_id(), email])
    assert User.objects.get_by_natural_key(email.upper()).email == email
    member = add_membership(
        world.actor(), world.group, email=normal_email(email), name=None, role=VIEWER
    )
    assert member.user.email == email
    for other in (email.replace("\u00df", "ss"), email.replace("s", "\u017f", 1)):
        with pytest.raises(IntegrityError, match="user_email_key"):
            owner_rows(OLD, [new_id(), other])


def test_colliding_people_stay_and_block_new_ones(world: World) -> None:
    """The migration on a table with colliding rows."""
    email = unique()
    spellings = [email, email.replace("s", "\u017f", 1), "\uff53" + email[1:]]
    ids = [new_id() for _ in spellings]
    owner_rows("DROP INDEX user_email_key")
    try:
        for id, spelled in zip(ids, spellings, strict=True):
            owner_rows(OLD, [id, spelled])
        owner_rows(MIGRATION.TWINS)
    finally:
        owner_rows(MIGRATION.INDEX)
    try:
        assert sorted(User.objects.filter(id__in=ids).values_list("email_twin", flat=True)) == [
            0,
            1,
            2,
        ]
        for id, spelled in zip(ids, spellings, strict=True):
            assert User.objects.get_by_natural_key(spelled).id == id, "each signs in as before"
        with pytest.raises(IntegrityError, match="user_email_key"):
            owner_rows(OLD, [new_id(), "".join(chr(ord(each) + 0xFEE0) for each in email)])
        listed = [line for line in differences() if "e-mail" in line]
        assert len([line for line in listed if any(str(id) in line for id in ids)]) == 2
    finally:
        owner_rows("DELETE FROM tenancy_user WHERE id = ANY (%s)", [ids])
    assert differences() == []
