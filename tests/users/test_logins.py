"""Logins that look alike are one, in the program and in the database."""

import sys
import unicodedata
from importlib import import_module

import pytest
from django.db import connection
from django.db.utils import IntegrityError

from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from fusion.kernel.text import text_key
from fusion.users.models import User
from tests.numbers.stock import path as numbers_path
from tests.owner import as_owner, owner_rows
from tests.users.staff import create, created, done, equip, row, seen, unlink
from tests.world import World, answer

MIGRATION = import_module("fusion.users.migrations.0007_fill_login_keys")

OLD = (
    "INSERT INTO users_user (id, group_id, subscription_id, login, display_name, kind)"
    " SELECT %s, s.group_id, s.id, %s, 'Old', 'user' FROM tenancy_subscription s WHERE s.id = %s"
)
"""What a server of the release before writes: it knows nothing of keys."""

TWIN = (
    "INSERT INTO users_user (id, group_id, subscription_id, login, display_name, kind, login_key,"
    " login_twin) SELECT %s, s.group_id, s.id, %s, 'Twin', 'user', 'istanbul', 1"
    " FROM tenancy_subscription s WHERE s.id = %s"
)
"""A user whose key another had already when keys were introduced."""


def test_python_and_the_database_agree_on_every_character() -> None:
    every = [
        character
        for character in map(chr, range(1, sys.maxunicode + 1))
        if unicodedata.category(character) not in ("Cs", "Cn", "Co")
    ]
    texts = [*every, *(f"a{each}\u0307z" for each in every)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_text_key(t) FROM unnest(%s::text[]) AS t", [texts])
        keys = [key for (key,) in cursor.fetchall()]
    differing = [text for text, key in zip(texts, keys, strict=True) if text_key(text) != key]
    # The two may know different versions of Unicode: the newest characters alone differ.
    assert len(differing) < 200, [f"{text!r}" for text in differing[:20]]
    assert not [text for text in differing if ord(text[0]) < 0x1C80 and len(text) == 1]


def test_a_row_of_the_release_before_takes_the_login(world: World) -> None:
    owner_rows(OLD, [new_id(), "\u0130STANBUL", world.subscription.id])
    for other in ("istanbul", "ISTANBUL", "\uff29stanbul"):
        with pytest.raises(IntegrityError, match=r"user_login|login is taken"):
            owner_rows(OLD, [new_id(), other, world.subscription.id])
        assert create(world, other).status_code == 409


def test_colliding_users_stay_and_block_new_ones(world: World) -> None:
    """The migration on a table with colliding rows, of which it knows nothing."""
    logins = ["istanbul", "i\u017ftanbul", "\uff29stanbul"]
    ids = [new_id() for _ in logins]
    owner_rows("DROP INDEX user_login_key")
    owner_rows("ALTER TABLE users_user DISABLE TRIGGER users_keep_login_key")
    try:
        for id, login in zip(ids, logins, strict=True):
            owner_rows(OLD, [id, login, world.subscription.id])
        owner_rows("ALTER TABLE users_user ENABLE TRIGGER users_keep_login_key")
        with as_owner():
            MIGRATION.fill(None, connection.schema_editor())
    finally:
        owner_rows(
            "CREATE UNIQUE INDEX user_login_key ON users_user"
            " (subscription_id, login_key, login_twin, group_id)"
        )
    try:
        rows = User.objects.unscoped("test").filter(id__in=ids).order_by("id")
        assert [row.login for row in rows] == logins
        assert [(row.login_key, row.login_twin) for row in rows] == [
            ("istanbul", twin) for twin in range(3)
        ]
        with pytest.raises(IntegrityError, match=r"user_login|login is taken"):
            owner_rows(OLD, [new_id(), "Istanbul", world.subscription.id])
        assert create(world, "Istanbul").status_code == 409
        listed = [line for line in differences() if "login" in line]
        assert len([line for line in listed if any(str(id) in line for id in ids)]) == 2
    finally:
        owner_rows("DELETE FROM users_user WHERE id = ANY (%s)", [ids])
    assert differences() == []


def test_of_colliding_users_a_row_means_the_one_that_is_written_so(world: World) -> None:
    one, two, three = equip(world, 1, 3)
    user = created(world, "istanbul")
    twin = {**user, "id": str(new_id())}
    owner_rows("ALTER TABLE users_user DISABLE TRIGGER users_keep_login_key")
    try:
        owner_rows(TWIN, [twin["id"], "\uff29stanbul", world.subscription.id])
    finally:
        owner_rows("ALTER TABLE users_user ENABLE TRIGGER users_keep_login_key")
    assert done(world, [row("istanbul", one)]) == [200]
    assert (seen(world, user)["number"], seen(world, twin)["number"]) == (one, None)
    links = {"links": [{"number": two, "login": "Istanbul"}]}
    response = world.call("POST", numbers_path(world, "batch"), {"action": "link", **links})
    assert answer(response)["results"][0]["status"] == 200
    assert (seen(world, user)["number"], seen(world, twin)["number"]) == (two, None)
    unlink(world, user)
    assert done(world, [row("\uff29stanbul", three)]) == [200]
    assert (seen(world, user)["number"], seen(world, twin)["number"]) == (None, three)
    unlink(world, twin)
    owner_rows("DELETE FROM users_user WHERE id = %s", [twin["id"]])


def test_a_login_that_mixes_scripts_is_refused(world: World) -> None:
    before = world.fingerprint()
    for login in ("\u0430nna", "ann\u0430@example.com", "\u03bfscar"):
        response = create(world, login)
        assert response.status_code == 422 and b'"field":"login"' in response.content
        assert b"must not mix Latin letters" in response.content
    assert world.fingerprint() == before
    assert create(world, "\u0430\u043d\u043d\u0430").status_code == 201
