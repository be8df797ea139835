"""Reporting the figures: the machine, and tables for the terminal and the documentation."""

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fusion.embedded import find_bindir

MARKS = "<!-- {part}: written by make bench -->", "<!-- end of {part} -->"

WANTED = {
    "place_order": ("Place an order", 1.0),
    "place_orders_batch": ("Place orders in batches of 1,000", 10),
    "read_balances": ("Read the balances of a subscription", 0.30),
    "assign_number": ("Assign the next free number", 0.9),
    "link_user": ("Link a user to a number", 0.9),
    "admit_and_end_call": ("Admit a call and end it (a pair)", 1.2),
}
GROWN = {
    "grow_place_order": "Place an order",
    "grow_read_balances": "Read the balances of a subscription",
    "grow_order_list_first_page": "First page of the order list",
    "grow_order_list_deep_page": "10,000th page of the order list (middle page where fewer)",
}
BULK = {
    "bulk_move": "Move 10,000 numbers to another subscription",
    "bulk_upload": "Upload 10,000 users who take 10,000 numbers",
    "bulk_link": "Link 10,000 numbers to users by list",
}
NEXT_FREE = "grow_next_free"
GROWTH_LIMIT = 1.5
BATCH_LIMIT = 5
BULK_LIMIT = 20
RESIDENT_LIMIT = 120
DESCRIBED_LIMIT = 2.5
LIVE_LIMIT = 1.1
PAST_LIMIT = 2
HTTP_TO_SQL = 0.8


def machine() -> dict[str, Any]:
    """The machine, and the versions of the programs."""
    postgres = subprocess.run(
        [str(find_bindir() / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": postgres,
        **{name: version(name) for name in ("django", "psycopg", "granian")},
        "at": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _measured_on(results: dict[str, Any]) -> list[str]:
    result = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    return [f"Measured on: {result}.", ""]


def _grown(what: str, rows: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    """A table of latencies: (title, figures) of each."""
    return [
        "",
        f"| {what} | 1,000 subscriptions, ms | 100,000 subscriptions, ms | ratio | wanted |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {title} | {row['small_ms']:.2f} | {row['large_ms']:.2f} | {row['ratio']:.2f} |"
            f" ≤ {GROWTH_LIMIT} |"
            for title, row in rows
        ),
    ]


def pages(results: dict[str, Any]) -> str:
    """The figures of the pages as Markdown."""
    result = results["pages"]
    return "\n".join(
        [
            *_measured_on(results)[:1],
            *_grown("page", result["grown"].items()),
            "",
            f"The first refresh of the overview's roll-up, with 90 days from"
            f" {result['entries']:,} entries: {result['first_refresh_s']:.1f} s; each after it:"
            f" {result['refresh_s']:.2f} s ({result['balances']:,} balances).",
        ]
    )


def bulk(results: dict[str, Any]) -> str:
    """The figures of bulk work as Markdown."""
    return "\n".join(
        [
            *_measured_on(results),
            "| work | one by one, s | 16 connections, s | at once, s | ratio | wanted"
            " | ratio to 16 connections |",
            "|---|---:|---:|---:|---:|---:|---:|",
            *(
                f"| {title} | {row['one_by_one_s']:.1f} | {row['parallel_s']:.1f} |"
                f" {row['bulk_s']:.2f} | {row['ratio']:.1f} | ≥ {BULK_LIMIT} |"
                f" {row['ratio_parallel']:.1f} |"
                for title, row in ((title, results[name]) for name, title in BULK.items())
            ),
        ]
    )


def figures(results: dict[str, Any]) -> str:
    """All other figures as Markdown."""
    lines = [
        *_measured_on(results),
        "| work | HTTP, per second | pgbench, per second | ratio (lowest to highest) | ratio now"
        " | wanted | server, CPU ms | database, CPU ms | pgbench, CPU ms | p50, ms | p99, ms |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, (title, wanted) in WANTED.items():
        row = results[name]
        lines.append(
            f"| {title} | {row['http_per_s']:,.0f} | {row['pgbench_per_s']:,.0f} |"
            f" {row['ratio']:.2f} ({row['ratio_min']:.2f} to {row['ratio_max']:.2f}) |"
            f" {_ratio_now(row)} | ≥ {wanted} | {row['server_cpu_ms']:.2f} |"
            f" {row['database_cpu_ms']:.2f} | {row['pgbench_cpu_ms']:.2f} | {row['p50_ms']:.1f} |"
            f" {row['p99_ms']:.1f} |"
        )
    if all(name in results for name in GROWN):
        lines += _grown("work", ((title, results[name]) for name, title in GROWN.items()))
    if NEXT_FREE in results:
        row = results[NEXT_FREE]
        lines += [
            "",
            f"Assign the next free number of 10,000: {row['small_ms']:.2f} ms, of 10,000,000: "
            f"{row['large_ms']:.2f} ms; ratio {row['ratio']:.2f} (≤ {GROWTH_LIMIT}).",
        ]
    lines += ["", *_described(results), *_live(results), "", *_calls(results)]
    lines += ["", *_generators(results), "", *_scaling(results)]
    batch = results["link_batch"]
    lines += [
        "",
        f"Link {batch['links']:,} users one by one over 16 connections: {batch['single_s']:.1f} s; "
        f"as one batch until its job is finished: {batch['batch_s']:.1f} s; "
        f"{batch['ratio']:.1f} times as fast (≥ {BATCH_LIMIT}).",
    ]
    resident = results["server_resident_mb"]["value"]
    lines += ["", f"Largest server process after the load: {resident} MiB (≤ {RESIDENT_LIMIT})."]
    return "\n".join(lines)


def _ratio_now(row: dict[str, Any]) -> str:
    """Against the function that serves; the same as `ratio` where there is no other."""
    return f"{row.get('ratio_now', row['ratio']):.2f}"


DESCRIBED = {"user": "One user", "order": "One order", "list": "A list of 50 orders"}


def _described(results: dict[str, Any]) -> list[str]:
    """The described routes beside balances through Django."""
    rows = {title: results[f"described_{name}"] for name, title in DESCRIBED.items()}
    return [
        "| described route | server, CPU ms | balances through Django, CPU ms | ratio | wanted |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {title} | {row['server_ms']:.2f} | {row['balances_ms']:.2f} | {row['ratio']:.1f} |"
            f" ≤ {DESCRIBED_LIMIT} |"
            for title, row in rows.items()
        ),
    ]


def _live(results: dict[str, Any]) -> list[str]:
    live, past = results["grow_admit_10000_live"], results["grow_balances_at_1000000_entries"]
    return [
        "",
        f"Admit a call and end it, one at a time, in a subscription with 10 live calls:"
        f" {live['small_ms']:.2f} ms, with 10,000: {live['large_ms']:.2f} ms; ratio"
        f" {live['ratio']:.2f} (≤ {LIVE_LIMIT}).",
        "",
        f"Balances at a past instant, in a subscription with 100 ledger entries:"
        f" {past['small_ms']:.2f} ms, with 1,000,000: {past['large_ms']:.2f} ms; ratio"
        f" {past['ratio']:.2f} (≤ {PAST_LIMIT}).",
    ]


def _generators(results: dict[str, Any]) -> list[str]:
    rows = {name: results[f"wrk_{name}"] for name in ("place_order", "read_balances")}
    return [
        "| load generator | ours, per second | wrk, per second | wrk to pgbench |",
        "|---|---:|---:|---:|",
        *(
            f"| {WANTED[name][0]} | {row['drive_per_s']:,.0f} | {row['wrk_per_s']:,.0f} |"
            f" {row['ratio']:.2f} |"
            for name, row in rows.items()
        ),
    ]


def _scaling(results: dict[str, Any]) -> list[str]:
    rows = {name: results[f"scale_{name}"] for name in ("place_order", "read_balances")}
    return [
        "| server processes | one, per second | two, per second | ratio |",
        "|---|---:|---:|---:|",
        *(
            f"| {WANTED[name][0]} | {row['one_per_s']:,.0f} | {row['two_per_s']:,.0f} |"
            f" {row['ratio']:.2f} |"
            for name, row in rows.items()
        ),
    ]


def soak(results: dict[str, Any]) -> str:
    """The figures of the soak as Markdown."""
    row = results["soak"]
    tables = ", ".join(f"`{name}` {size:,} KiB" for name, size in row["grown_kb"].items())
    return "\n".join(
        [
            *_measured_on(results),
            f"{row['minutes']:g} minutes at {row['per_s']:.0f} requests per second"
            f" ({row['requests']:,} in total): p50 {row['p50_ms']:.1f} ms, p99"
            f" {row['p99_ms']:.1f} ms. The largest server process had"
            f" {' → '.join(f'{each:g}' for each in row['memory_mb'])} MiB after each tenth of the"
            f" time. The tables grew from {row['tables_mb'][0]:,g} to {row['tables_mb'][1]:,g} MiB,"
            f" most of all {tables}; dead rows went from {row['dead_rows'][0]:,} to"
            f" {row['dead_rows'][1]:,}.",
        ]
    )


def _calls(results: dict[str, Any]) -> list[str]:
    """Whole calls through Kamailio: one sentence for each kind of request."""
    return [
        f"Whole calls through Kamailio, asking {way}: {row['per_s']:,.0f} per second"
        f" ({row['per_s_min']:,.0f} to {row['per_s_max']:,.0f}, {row['runs']} runs) with"
        f" {row['parallel']} at a time; {row['one_by_one_ms']:.1f} ms one by one.  "
        for way, row in (
            (name.removeprefix("calls_"), row)
            for name, row in results.items()
            if name.startswith("calls_") and "per_s" in row
        )
    ] + [
        "Calls by HTTP against calls by SQL: ratio"
        f" {results['calls_http_to_sql']['ratio']:.2f} (≥ {HTTP_TO_SQL})."
    ]


def _parts(results: dict[str, Any]) -> dict[str, str]:
    """The figures as Markdown, by the name of their part of the documentation."""
    parts = {}
    if "place_order" in results:
        parts["figures"] = figures(results)
    if all(name in results for name in BULK):
        parts["bulk"] = bulk(results)
    if "soak" in results:
        parts["soak"] = soak(results)
    if "pages" in results:
        parts["pages"] = pages(results)
    return parts


def show(results: dict[str, Any]) -> None:
    """Print the tables."""
    print("\n\n".join(_parts(results).values()))


def write_documentation(results: dict[str, Any], page: Path) -> None:
    """Put the tables between the page's marks; parts without new figures stay."""
    text = page.read_text(encoding="utf-8")
    for part, result in _parts(results).items():
        begin, end = (mark.format(part=part) for mark in MARKS)
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n{result}\n{end}{tail}"
    page.write_text(text, encoding="utf-8")
