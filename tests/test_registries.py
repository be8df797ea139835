"""Event types and audit verbs: those that the code writes are registered, and in the guide."""

import re
from pathlib import Path

import pytest

from fusion.access import audit
from fusion.access.permissions import PROVISION
from fusion.access.use_case import use_case
from fusion.access.verbs import AUDITED, OF_SUBSCRIPTIONS, VERBS
from fusion.events.emit import emit
from fusion.events.types import EVENT_TYPES, OBJECTS
from fusion.kernel.sql_files import sql_files
from fusion.numbers.assign import ASSIGNED, RESERVED
from fusion.ordering.models import STATES
from tests.docs.pages import rows_after
from tests.world import World

ROOT = Path(__file__).resolve().parents[1]

NAME = re.compile(r"'([a-z]+(?:-[a-z]+)*)\.(?:([a-z]+(?:[_-][a-z]+)*)'|' \|\|)")
"""A type or verb in SQL, or the first half of one: `'order.' || o.state`."""

ENDINGS = {"order": STATES, "number": (ASSIGNED, RESERVED)}
"""What SQL appends to the first half."""

SETTINGS = "fusion"
"""The first half of the names of our settings of a session or transaction."""


def written_in_sql() -> set[str]:
    """All types and verbs that stand in SQL files."""
    return {
        f"{noun}.{end}"
        for file in sql_files()
        for noun, verb in NAME.findall(re.sub(r"--.*", "", file.text))
        for end in ([verb] if verb else ENDINGS[noun])
        if noun != SETTINGS
    }


def test_types_and_verbs_in_sql_are_registered() -> None:
    written = written_in_sql()
    assert len(written) > 15
    assert written <= EVENT_TYPES | set(VERBS)


def test_an_unknown_type_is_refused(world: World) -> None:
    before = world.fingerprint()
    with pytest.raises(LookupError, match=r"fusion/events/types\.py"):
        emit(
            type="order.forgotten",
            group_id=world.group.id,
            path=world.group.path,
            subject="one",
            actor="test",
            data={},
        )
    assert world.fingerprint() == before


def test_an_unknown_verb_is_refused(world: World) -> None:
    before = world.fingerprint()
    with pytest.raises(LookupError, match=r"fusion/access/verbs\.py"):
        audit.record(
            world.actor(),
            verb="order.forget",
            object_type="order",
            object_id="one",
            path=world.group.path,
            detail={},
        )
    with pytest.raises(LookupError, match=r"fusion/access/verbs\.py"):
        use_case(PROVISION, verb="order.forget")
    assert world.fingerprint() == before


def test_the_guide_lists_every_type() -> None:
    rows = rows_after(ROOT / "docs" / "integration-guide.md", "event types")
    listed = [name for row in rows for name in re.findall(r"`([a-z-]+\.[a-z-]+)`", row[0])]
    assert sorted(listed) == sorted(EVENT_TYPES)


def test_every_object_has_a_label() -> None:
    assert {each.partition(".")[0] for each in EVENT_TYPES} == set(OBJECTS)
    assert {verb.partition(".")[0] for verb in VERBS} - {"demo"} == set(AUDITED)
    assert set(OF_SUBSCRIPTIONS) <= set(AUDITED)
