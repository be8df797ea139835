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

RESULTS = """
SELECT r.position, coalesce((w.item ->> 'row')::int, r.position), r.status, r.outcome,
       r.answer::text
FROM users_job j
JOIN users_jobresult r ON r.group_id = j.group_id AND r.job_id = j.id
JOIN json_array_elements(j.rows) WITH ORDINALITY AS w(item, position) ON w.position = r.position
WHERE j.id = %s::uuid AND r.position > %s::int
  AND (%s::boolean IS NULL OR %s::boolean = (r.status >= 300))
ORDER BY r.position LIMIT %s::int
"""

REQUESTED = """
SELECT w.position, coalesce(w.item -> 'cells', w.item)::text
FROM users_job j CROSS JOIN json_array_elements(j.rows) WITH ORDINALITY AS w(item, position)
WHERE j.id = %s::uuid AND w.position = ANY (%s::int[])
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
ORDER BY w.position
"""

COLUMNS = ("row", *CELLS, "outcome", "problem")


def requested_cells(job_id: UUID, positions: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Position → cells of these rows of a job, as they were sent; see `CELLS`."""
    rows = fetch_rows(REQUESTED, [job_id, list(positions)])
    return {position: orjson.loads(cells) for position, cells in rows}


def list_results(
    job_id: UUID, *, limit: int, cursor: str | None = None, failed: bool | None = None
) -> str:
    """One page of the results of a job's rows so far, in their order, as JSON text.

    The caller has checked that the actor sees the job.
    """
    (after,) = decode_cursor(cursor, position(MAX_INT)) if cursor is not None else (0,)
    rows = fetch_rows(RESULTS, [job_id, after, failed, failed, limit + 1])
    return json_page([(row[0], _result(*row)) for row in rows], limit)


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
