"""Read models of the results of batches: in pages, and as a file to correct and send again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from fusion.kernel.database import fetch_rows
from fusion.kernel.errors import Problem, problem_of
from fusion.kernel.pagination import MAX_INT, decode_cursor, json_page, position
from fusion.kernel.sheets.send import Table
from fusion.kernel.stream import Query
from fusion.users.batch_row import CELLS
from fusion.users.models import Job

RESULTS = """
SELECT k.key, k.place, coalesce((w.item ->> 'row')::int, k.place), r.status, r.outcome,
       r.answer::text
FROM users_job j
JOIN users_jobresult r ON r.group_id = j.group_id AND r.job_id = j.id
JOIN json_array_elements(j.rows) WITH ORDINALITY AS w(item, position) ON w.position = r.position
CROSS JOIN LATERAL (SELECT coalesce((w.item ->> 'place')::int, r.position) AS place) p
CROSS JOIN LATERAL (
    SELECT p.place, CASE WHEN %s::boolean THEN p.place ELSE r.position END AS key) k
WHERE j.id = %s::uuid AND k.key > %s::int
  AND (%s::boolean IS NULL OR %s::boolean = (r.status >= 300))
ORDER BY k.key LIMIT %s::int
"""

REQUESTED = """
SELECT p.place, coalesce(w.item -> 'cells', w.item)::text
FROM users_job j CROSS JOIN json_array_elements(j.rows) WITH ORDINALITY AS w(item, position)
CROSS JOIN LATERAL (SELECT coalesce((w.item ->> 'place')::int, w.position) AS place) p
WHERE j.id = %s::uuid AND p.place = ANY (%s::int[])
"""

ROWS = """
SELECT coalesce((w.item ->> 'row')::int, w.position), coalesce(w.item -> 'cells', w.item)::text,
       r.status, r.outcome, r.answer::text
FROM users_job j
CROSS JOIN json_array_elements(j.rows) WITH ORDINALITY AS w(item, position)
LEFT JOIN users_jobresult r
       ON r.group_id = j.group_id AND r.job_id = j.id AND r.position = w.position
WHERE j.id = %s::uuid
  AND (%s::boolean IS NULL OR %s::boolean = (coalesce(r.status, 500) >= 300))
ORDER BY coalesce((w.item ->> 'place')::int, w.position)
"""

BY_PLACE = "@"
"""Marks a cursor in the order of the list."""

COLUMNS = ("row", *CELLS, "outcome", "problem")


def requested_cells(job_id: UUID, positions: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Position → cells of these rows of a job, as they were sent; see `CELLS`."""
    rows = fetch_rows(REQUESTED, [job_id, list(positions)])
    return {position: orjson.loads(cells) for position, cells in rows}


def list_results(
    job: Job, *, limit: int, cursor: str | None = None, failed: bool | None = None
) -> str:
    """One page of the results of a job's rows so far, as JSON text.

    In the order of the list; of a list whose first page was read while the job ran, in the order in
    which the rows took effect, so that the reader misses none. The caller has checked that the
    actor sees the job.
    """
    by_place, after = job.finished_at is not None, 0
    if cursor is not None:
        ((by_place, after),) = decode_cursor(cursor, _key)
    rows = fetch_rows(RESULTS, [by_place, job.id, after, failed, failed, limit + 1])
    mark = BY_PLACE if by_place else ""
    return json_page([(f"{mark}{row[0]}", _result(*row[1:])) for row in rows], limit)


def _key(text: str) -> tuple[bool, int]:
    by_place = text.startswith(BY_PLACE)
    return by_place, position(MAX_INT)(text.removeprefix(BY_PLACE))


def _result(position: int, row: int, status: int, outcome: str | None, answer: str) -> str:
    member = "user"
    if status >= 300:
        member = "problem"
        answer = orjson.dumps(problem_of(orjson.loads(answer)).document()).decode()
    word = f'"{outcome}"' if outcome else "null"
    return (
        f'{{"position":{position},"row":{row},"status":{status},"outcome":{word},'
        f'"{member}":{answer}}}'
    )


def rows_table(job_id: UUID, failed: bool | None, explained: Callable[[Problem], str]) -> Table:
    """All rows of a job with their outcomes; `failed`: only those that a user has to send again.

    `explained` makes the text of a refusal. The caller has checked that the actor sees the job.
    """

    def rows(query: Query) -> Iterator[Sequence[Any]]:
        for number, cells, status, outcome, answer in query(ROWS, [job_id, failed, failed]):
            row = _cells(orjson.loads(cells))
            if status is None:
                yield (number, *row, "not processed", "")
            elif status >= 300:
                problem = problem_of(orjson.loads(answer))
                yield (number, *row, outcome or "refused", explained(problem))
            else:
                yield (number, *row, outcome or "done", "")

    return Table("users", COLUMNS, rows)


def _cells(item: Mapping[str, Any]) -> list[Any]:
    return [item.get(name) for name in CELLS]
