"""Running the consistency checks of `fusion verify`.

Each room has its own in `checks.py`: `CHECKS` maps the description of an inconsistency to a query
that returns one line of text for each occurrence.
"""

from collections.abc import Iterator, Mapping

from fusion.kernel.database import fetch_rows


def run_checks(checks: Mapping[str, str], *, samples: int = 20) -> Iterator[str]:
    """One readable line per difference, at most `samples` of a kind and then how many more."""
    for title, sql in checks.items():
        literal = sql.replace("%", "%%")  # of format(); no parameter of ours
        counted = f"SELECT line, count(*) OVER () FROM ({literal}) AS found(line) LIMIT %s"
        rows = fetch_rows(counted, [samples])
        for line, _ in rows:
            yield f"{title}: {line}"
        if rows and rows[0][1] > len(rows):
            yield f"{title}: and {rows[0][1] - len(rows)} more"
