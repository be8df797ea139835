"""Tables that a SIP proxy loads, to decide and to route while Fusion does not answer.

They are text files of Kamailio's module db_text, which its module htable loads and reloads. The
same rule decides in `emergency.sql`; a test compares the two.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from string import digits
from typing import Any
from uuid import UUID

from django.db import connection
from phonenumbers import (
    REGION_CODE_FOR_NON_GEO_ENTITY,
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    parse,
    region_code_for_country_code,
)

from fusion.trunks.models import EmergencyNumber, GroupEmergencyNumber

HEAD = "key_name(string) key_type(int) value_type(int) key_value(string) expires(int)"

Rows = Iterable[tuple[str, str]]
"""Keys and values, which are texts without colons and backslashes."""

ANY_TRUNK = "*"
"""The key of the expression for a trunk that is not in the table."""

NEVER = "$^"

ABROAD = {"1": "011", "61": "0011"}
"""Country code → what is dialled there for abroad, instead of 00."""

BATCH = 5000
"""Rows read at a time."""


def emergency_expression(
    pattern: str, numbers: Sequence[str], *, calling_code: str | None, prefixes: Sequence[str] = ()
) -> str:
    """A POSIX extended regular expression of the dialled emergency numbers of a trunk.

    `pattern` is that of its country, `numbers` are those that its group added. Without a calling
    code, that of every country counts.
    """
    code = calling_code or "[0-9]{1,3}"
    before = ["[+]", f"[+]{code}0?", f"00{code}0?"]
    before += [f"{abroad}{code}0?" for own, abroad in ABROAD.items() if calling_code in (own, None)]
    outside = ["".join(f"[{c}]" if c == "*" else c for c in prefix) for prefix in prefixes]
    first = f"({'|'.join(outside)})?" if outside else ""
    known = [pattern.replace("(?:", "(")] if pattern else []
    expression = "|".join([*known, *numbers])
    return f"^{first}({'|'.join(before)})?({expression})#?$" if expression else NEVER


def emergency_of_trunk(group_id: UUID | None) -> Iterator[tuple[str, str]]:
    """Trunk → expression of its emergency numbers; first that of every other trunk."""
    countries = {each.country: each for each in EmergencyNumber.objects.all()}
    own = GroupEmergencyNumber.objects.order_by("country", "number")
    numbers: dict[tuple[UUID, str], list[str]] = {}
    for each in own if group_id is None else own.filter(group_id=group_id):
        numbers.setdefault((each.group_id, each.country), []).append(each.number)
    every = "|".join(sorted({each.pattern for each in countries.values() if each.pattern}))
    added = sorted({number for listed in numbers.values() for number in listed})
    yield ANY_TRUNK, emergency_expression(every, added, calling_code=None)
    statement = (
        "SELECT t.id::text, t.group_id, t.country, t.outside_line_prefixes FROM trunks_trunk t"
        " WHERE t.group_id = %(group)s::uuid OR %(group)s::uuid IS NULL ORDER BY t.id"
    )
    for id, group, country, prefixes in _read(statement, group_id):
        known = countries.get(country)
        yield (
            id,
            emergency_expression(
                known.pattern if known else "",
                numbers.get((group, country), ()),
                calling_code=known.calling_code if known else None,
                prefixes=prefixes.split(",") if prefixes else (),
            ),
        )


def trunk_of_number(group_id: UUID | None) -> Iterator[tuple[str, str]]:
    """Number → its trunk: in E.164, and as it is dialled in its country, without separators.

    A national form that several numbers have, or that is another number without its plus, is left
    out: it would not say which number is meant.
    """
    statement = (
        "SELECT n.e164, n.trunk_id::text FROM numbers_number n WHERE n.trunk_id IS NOT NULL"
        " AND (n.group_id = %(group)s::uuid OR %(group)s::uuid IS NULL) ORDER BY n.e164"
    )
    trunks = dict(_read(statement, group_id))
    forms = Counter(form for e164 in trunks if (form := national_form(e164)))
    for e164, trunk in trunks.items():
        yield e164, trunk
        form = national_form(e164)
        if form is not None and forms[form] == 1 and f"+{form}" not in trunks:
            yield form, trunk


@lru_cache(maxsize=1_000_000)
def national_form(e164: str) -> str | None:
    """The digits that are dialled for it within its country; None for a number of no country."""
    try:
        number = parse(e164)
    except NumberParseException:
        return None
    if region_code_for_country_code(number.country_code or 0) == REGION_CODE_FOR_NON_GEO_ENTITY:
        return None
    text = format_number(number, PhoneNumberFormat.NATIONAL)
    return "".join(character for character in text if character in digits) or None


def _read(statement: str, group_id: UUID | None) -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"group": group_id})
        while rows := cursor.fetchmany(BATCH):
            yield from rows


TABLES: Mapping[str, Callable[[UUID | None], Rows]] = {
    "emergency_of_trunk": emergency_of_trunk,
    "trunk_of_number": trunk_of_number,
}
"""Name of a table, of its file and of the proxy's htable → its rows."""


def write_tables(directory: Path, group_id: UUID | None) -> list[str]:
    """Write the tables of a group, or of all, into a directory; returns the names of changed ones.

    A file is replaced as a whole: a proxy reads the former or the new one. Kamailio's db_text
    compares whole seconds of the time of change, so each version is at least a second newer than
    the former. OSError if it cannot be written.
    """
    changed = []
    for name, rows in TABLES.items():
        lines = [HEAD, *(f"{key}:0:0:{value}:0" for key, value in rows(group_id))]
        text = "\n".join(lines) + "\n"
        file = directory / name
        if not file.exists() or file.read_text(encoding="ascii") != text:
            new = directory / f".{name}.{os.getpid()}"
            new.write_text(text, encoding="ascii")
            if file.exists():
                newer = max(new.stat().st_mtime, int(file.stat().st_mtime) + 1)
                os.utime(new, (newer, newer))
            new.replace(file)
            changed.append(name)
    return changed
