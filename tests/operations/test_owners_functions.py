"""Functions that work with the owner's rights, whoever calls them: each is named here, with why no
caller can do harm by it."""

import pytest
from django.db import connection

from tests.owner import owner_rows

HARMLESS = {
    "calls.admit": "what a SIP proxy may do: arguments are checked, a lease lasts a day at most",
    "calls.admit_replacing": "the same; a replaced call is one of the same subscription",
    "calls.end_call": "what a SIP proxy may do; what has ended stays",
    "numbers_follow_move": "copies the owners that subscriptions have, and nothing else",
    "ordering_follow_move": "the same",
    "ordering_make_sequence": "of a group that is there and has none; a second call does nothing",
    "tenancy_change_owner": "notes the owners that are there; servers may move subscriptions",
    "trunks_drop_partitions": "months that are kept are refused (tests/trunks/test_retention.py)",
    "trunks_ensure_partitions": "twelve tables for each year from 2000 to two years ahead, no more",
}

FOUND = """
SELECT p.oid::regprocedure::text, regexp_replace(p.oid::regproc::text, '^public\\.', ''),
       coalesce(p.proconfig, '{}'), has_function_privilege('public', p.oid, 'EXECUTE')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


def test_all_are_known() -> None:
    assert {name for _, name, *_ in owner_rows(FOUND)} == set(HARMLESS)


def test_no_function_searches_writable_schemas() -> None:
    """A function of the owner that follows the caller's search path runs the caller's code."""
    for function, _, options, _ in owner_rows(FOUND):
        assert "search_path=public, pg_temp" in options, function
    for schema in ("public", "calls"):
        for role in ("public", "fusion_runtime", "fusion_calls"):
            [(may,)] = owner_rows("SELECT has_schema_privilege(%s, %s, 'CREATE')", [role, schema])
            assert not may, (role, schema)


def test_none_is_for_everybody() -> None:
    for function, _, _, everybody in owner_rows(FOUND):
        assert not everybody, function


@pytest.mark.parametrize("group", ["00000000-0000-0000-0000-000000000000", None])
def test_a_sequence_is_made_for_a_group_alone(group: str | None) -> None:
    """Called as a server would: the tests act as the runtime role."""
    sequences = "SELECT count(*) FROM pg_class WHERE relkind = 'S'"
    before = owner_rows(sequences)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ordering_make_sequence(%s::uuid)", [group])
        assert cursor.fetchone() == (False,)
    assert owner_rows(sequences) == before
