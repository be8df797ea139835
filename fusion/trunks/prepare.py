"""Preparing the database for calls, besides tables and functions: a step of `fusion migrate`."""

from fusion.kernel.database import execute, fetch_row
from fusion.kernel.environment import explicit_setting
from fusion.trunks.load_emergency import load_emergency_numbers
from fusion.trunks.retention import ensure_partitions, months_kept, set_months_kept

ROLE = "fusion_calls"
"""The role of SIP proxies with an SQL client: it may execute three functions of calls.sql."""

MISSING = (
    f"the role {ROLE} is missing, and this role cannot create it. SIP proxies with an SQL "
    f"client need it. Ask a superuser to run CREATE ROLE {ROLE} NOLOGIN, then run fusion "
    "migrate again"
)


def prepare_calls() -> list[str]:
    """Load emergency numbers and create partitions for call records; returns messages for the
    operator.
    """
    lines = [f"emergency numbers: {load_emergency_numbers()} countries"]
    set_months_kept(explicit_setting("FUSION_CALL_RECORD_MONTHS"))
    lines.append(
        f"call records: {ensure_partitions() or 'no'} partitions made, the present month and "
        f"{months_kept()} before it are kept at least"
    )
    execute("SELECT trunks_prepare_privileges()")
    if fetch_row("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]) is None:
        lines.append(f"calls: {MISSING}")
    return lines
