"""The two roles of a database: the owner, used by `fusion migrate`, and the runtime role.

Servers and workers act as the runtime role (see runtime_role.sql). Preferably they log in as a
member of it; a process with the owner's URL sets the role when it connects.
"""

from psycopg import Connection
from psycopg.conninfo import make_conninfo

from fusion.kernel.database import execute, fetch_rows, fetch_value
from fusion.kernel.postgresql.parameters import read_address

RUNTIME_ROLE = "fusion_runtime"

MISSING = {
    "role": (
        f"the role {RUNTIME_ROLE} is missing, and {{owner}} cannot create roles. Ask a superuser "
        f"to run: CREATE ROLE {RUNTIME_ROLE} NOLOGIN; GRANT {RUNTIME_ROLE} TO {{owner}}. Then run "
        "fusion migrate again"
    ),
    "membership": (
        f"{{owner}} is not a member of {RUNTIME_ROLE}. Ask a superuser to run: "
        f"GRANT {RUNTIME_ROLE} TO {{owner}}"
    ),
}

OWNED = """
SELECT current_user,
       EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('django_migrations')
               AND pg_has_role(c.relowner, 'USAGE')),
       EXISTS (SELECT FROM pg_roles r WHERE r.rolname = %s AND pg_has_role(r.oid, CASE
               WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET'
               ELSE 'MEMBER' END))
"""


def grant_tables() -> None:
    """Grant the role its privileges on the present tables, if the role is in use.

    Servers write to new tables as soon as triggers or functions do: before the upgrade is complete.
    """
    in_use = (
        "SELECT to_regprocedure('kernel_grant_runtime()') IS NOT NULL"
        " AND EXISTS (SELECT FROM pg_roles WHERE rolname = %s)"
    )
    if fetch_value(in_use, [RUNTIME_ROLE]):
        execute("SELECT kernel_grant_runtime()")


def prepare_runtime_role() -> list[str]:
    """Create the role and grant its privileges; returns messages for the operator."""
    ((missing, owner),) = fetch_rows("SELECT kernel_make_runtime_role(), current_user")
    if missing != "role":
        execute("SELECT kernel_grant_runtime()")
    return [f"roles: {MISSING[missing].format(owner=owner)}"] if missing else []


def as_runtime(url: str, direct: Connection[tuple[object, ...]]) -> tuple[str, str | None]:
    """The URL for a server or worker, and a warning if `url` is the owner's.

    `direct` is an open connection to `url`. The owner's URL is returned with an option that sets
    the runtime role at every connection.
    """
    row = direct.execute(OWNED, [RUNTIME_ROLE]).fetchone()
    user, owns, may_take = row if row is not None else ("", False, False)
    if not owns:
        return url, None
    reason = f"DATABASE_URL names the owner of the tables, {user}"
    if not may_take:
        return url, (
            f"{reason}, and the role {RUNTIME_ROLE} is missing: this process can change tables and "
            "triggers. Run: fusion migrate"
        )
    options = read_address(url).get("options", "")
    taken = make_conninfo(url, options=f"{options} -c role={RUNTIME_ROLE}".strip())
    return taken, (
        f"{reason}; this process works as {RUNTIME_ROLE}. Give servers and workers their own "
        'login: see "Two database roles" in the operator\'s guide'
    )
