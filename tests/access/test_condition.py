"""A permission as SQL, in the look-up of a token, decides like the permission itself."""

from itertools import product

import pytest
from django.db import connection

from fusion.access import permissions
from fusion.access.actor import KINDS, SCOPES, VIEWER, Actor, including_reads
from fusion.access.authenticate import CLIENT_ROLE, condition
from fusion.access.permissions import Permission
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id

PERMISSIONS = {
    name: value for name, value in vars(permissions).items() if isinstance(value, Permission)
}


def accepts(permission: Permission, of_token: str, of_client: str, kind: str) -> bool:
    """Whether the permission accepts the actor that the token's row makes."""
    scopes = frozenset(of_token.split()) & including_reads(of_client.split())
    group = new_id()
    try:
        permission.require(
            Actor(f"client:{group}", group, kind, f"{group.hex}/", group, CLIENT_ROLE, scopes)
        )
    except Problem:
        return False
    return True


@pytest.mark.parametrize("name", PERMISSIONS)
def test_sql_and_python_agree(name: str) -> None:
    permission = PERMISSIONS[name]
    nouns = {scope.partition(":")[0] for scope in permission.scopes}
    ours = [scope for scope in SCOPES if scope.partition(":")[0] in nouns]
    sets = ["", "events:none", *ours, " ".join(ours)]
    cases = list(product(sets, sets, KINDS))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {condition(permission)}"
            " FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS x(a, b, d, i),"
            " LATERAL (SELECT x.a AS scope) t, LATERAL (SELECT x.b AS scopes) c,"
            " LATERAL (SELECT x.d AS kind) o ORDER BY x.i",
            [list(column) for column in zip(*cases, strict=True)],
        )
        decided = [row[0] for row in cursor.fetchall()]
    assert decided == [accepts(permission, *case) for case in cases]


def test_a_permission_without_the_role_of_clients_accepts_none() -> None:
    assert condition(Permission("x", ("calls:write",), (VIEWER,))) == "false"
