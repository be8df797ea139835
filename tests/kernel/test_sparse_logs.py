"""A library that repeats itself does not fill the log."""

import logging

from fusion.edge.logs import REPETITIVE, Sparse


def line(at: float, text: str = "error connecting: %s") -> logging.LogRecord:
    """A line that was logged at an instant."""
    record = logging.LogRecord("psycopg.pool", logging.WARNING, "", 0, text, ("refused",), None)
    record.created = at
    return record


def test_one_line_in_ten_seconds_counts_the_lines_left_out() -> None:
    sparse = Sparse(10.0)
    records = [line(at / 4) for at in range(60)]
    written = [record for record in records if sparse.filter(record)]
    assert [record.created for record in written] == [0.0, 10.0]
    assert written[0].getMessage() == "error connecting: refused"
    assert written[1].getMessage() == "error connecting: refused (39 similar lines left out)"


def test_a_line_after_a_pause_is_written_as_it_is() -> None:
    sparse = Sparse(10.0)
    assert sparse.filter(line(0.0))
    late = line(100.0)
    assert sparse.filter(late)
    assert late.getMessage() == "error connecting: refused"


def test_the_pool_of_connections_logs_through_the_filter() -> None:
    for name in REPETITIVE:
        assert any(isinstance(f, Sparse) for f in logging.getLogger(name).filters), name
