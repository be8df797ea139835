"""Queries of the server: whether it is ready; creating the roles and the database."""

import psycopg
from psycopg import sql

from fusion.embedded.cluster import DATABASE, ROLE, RUNTIME_ROLE, SERVER, Cluster
from fusion.embedded.errors import EmbeddedPostgresError

_TIMEOUT = 5
# A full server is ready: it only has no free connection for this query.
_FULL = ("too many clients", "remaining connection slots")


def answers(url: str) -> str | None:
    """None if the server accepts changes, otherwise the obstacle."""
    try:
        with psycopg.connect(url, connect_timeout=_TIMEOUT, autocommit=True) as connection:
            # After a restore from a backup, it admits readers before the recovery is complete.
            recovers = connection.execute("SELECT WHERE pg_is_in_recovery()").rowcount
            return "it is still recovering and accepts no changes" if recovers else None
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())
        return None if any(sign in said for sign in _FULL) else said


def create(cluster: Cluster) -> bool:
    """Create the missing roles and the database; the caller holds the start lock.

    False if the server was being stopped meanwhile.
    """
    try:
        with psycopg.connect(
            cluster.superuser_url(), connect_timeout=_TIMEOUT, autocommit=True
        ) as connection:
            _create_roles(connection, cluster)
            _create_database(connection)
    except psycopg.Error as error:
        if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
            return False
        said = " ".join(str(error).split())
        raise EmbeddedPostgresError(
            f"The database {DATABASE} could not be created in {cluster.home}: {said}"
        ) from error
    return True


def _create_roles(connection: psycopg.Connection, cluster: Cluster) -> None:
    """Create the owner, the runtime role, and the login of servers, if they are missing."""
    owner, runtime = map(sql.Identifier, (ROLE, RUNTIME_ROLE))
    if not _has_role(connection, ROLE):
        _create_login(connection, cluster, ROLE, sql.SQL("CREATEDB CREATEROLE"))
    else:
        # A cluster of an older release: this one creates the roles of SIP proxies.
        connection.execute(sql.SQL("ALTER ROLE {} CREATEROLE").format(owner))
    if not _has_role(connection, RUNTIME_ROLE):
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(runtime))
    if not _has_role(connection, SERVER):
        _create_login(connection, cluster, SERVER, sql.SQL("IN ROLE {}").format(runtime))
    # The owner can set the role too, and may create more logins for servers.
    connection.execute(sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(runtime, owner))


def _has_role(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).rowcount > 0


def _create_login(
    connection: psycopg.Connection, cluster: Cluster, name: str, options: sql.Composable
) -> None:
    # The verifier instead of the password, because a failing statement is logged.
    verifier = connection.pgconn.encrypt_password(
        cluster.password(name).encode(), name.encode(), b"scram-sha-256"
    ).decode()
    connection.execute(
        sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
            sql.Identifier(name), options, sql.Literal(verifier)
        )
    )


def _create_database(connection: psycopg.Connection) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
        return
    # template0 has no connections, which would make the copy fail.
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
            sql.Identifier(DATABASE), sql.Identifier(ROLE)
        )
    )
