"""Small SQL functions cost a call of their own for each row unless the planner puts their bodies in
their place. It does so only where a function promises no more than its body keeps."""

import re

from django.db import connection

VIEWS = "SELECT viewname FROM pg_views WHERE schemaname = 'public' ORDER BY 1"

SMALL = """
SELECT p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'public'::regnamespace AND l.lanname = 'sql' AND NOT p.proretset
  AND p.prosrc NOT LIKE '% FROM %'
"""


def column(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def test_no_view_calls_a_small_function_for_each_row() -> None:
    views, small = column(VIEWS), column(SMALL)
    assert "ordering_document" in views
    assert "kernel_instant" in small
    called = re.compile(rf"\b({'|'.join(small)})\(")
    dear = {
        (view, name)
        for view in views
        for name in called.findall("\n".join(column(f'EXPLAIN VERBOSE SELECT * FROM "{view}"')))
    }
    assert not dear
