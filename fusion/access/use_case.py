"""`@use_case` and `@hot_use_case`: how API, portal, CLI and workers change anything.

The first wraps a verb in permission, transaction, idempotency and audit record. The verb returns
the object as the API shows it; the caller gets it as an `Answer`. The second checks the permission
of a verb whose database function does the rest.
"""

import functools
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

import orjson
from django.db import transaction

from fusion.access import audit, idempotency
from fusion.access.actor import Actor
from fusion.access.permissions import Permission
from fusion.access.verbs import require_verb
from fusion.kernel.database import longer_statements

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a use case: status, JSON text (empty for 204), and whether it is a replay.

    `version` is the version of the object, if it has one; a replay does not know it.
    """

    status: int
    text: str
    replayed: bool = False
    version: int | None = None

    @property
    def body(self) -> Any:
        """The answer as an object."""
        return orjson.loads(self.text) if self.text else None


@dataclass(slots=True)
class Done:
    """The result of a verb: the document, and the object's place.

    `path` is the path of the organization that owns the object, `subscription_id` its subscription,
    if any; `secret` is shown once with the answer and stored nowhere; `version` makes the object's
    ETag, if it has one; `recorded` replaces arguments in the audit record, and adds to them; `at`
    is the instant of the change, if its document or event says one.
    """

    document: dict[str, Any] | None
    path: str
    object_id: object
    subscription_id: UUID | None = None
    secret: dict[str, str] | None = None
    version: int | None = None
    recorded: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


def use_case(
    permission: Permission,
    *,
    verb: str,
    status: int = 200,
    unaudited: tuple[str, ...] = (),
    reference_of: str | None = None,
    created: Callable[[Actor, UUID], object] | None = None,
    bulk: bool = False,
) -> Callable[[Callable[Concatenate[Actor, P], Done]], Callable[Concatenate[Actor, P], Answer]]:
    """Make a verb of a function `(actor, *, ...) -> Done`.

    `verb` is one of `access.verbs`; `unaudited` names arguments that must not be recorded. With
    `reference_of`, the argument `external_reference` is locked together with the idempotency key,
    as a reference of an object of this kind, so the verb may check whether it is free. `created`
    finds the object of a stored answer: who does not see it any more gets its Problem `not-found`
    instead of a replay. A `bulk` verb may take longer than others. Raises what the verb raises;
    then nothing has been changed.
    """
    require_verb(verb)

    def decorate(
        run: Callable[Concatenate[Actor, P], Done],
    ) -> Callable[Concatenate[Actor, P], Answer]:
        @functools.wraps(run)
        def perform(actor: Actor, *args: P.args, **kwargs: P.kwargs) -> Answer:
            permission.require_role(actor)
            request = actor.request
            with transaction.atomic(), longer_statements() if bulk else nullcontext():
                reference = kwargs.get("external_reference") if reference_of else None
                if reference is not None:
                    idempotency.lock(actor, f"{reference_of}:{reference}")
                if request.key is not None:
                    stored = idempotency.recall(actor)
                    if stored is not None:
                        if created is not None:
                            created(actor, UUID(orjson.loads(stored.text)["id"]))
                        return Answer(stored.status, stored.text, replayed=True)
                done = run(actor, *args, **kwargs)
                arguments = {name: value for name, value in kwargs.items() if name not in unaudited}
                audit.record(
                    actor,
                    verb=verb,
                    object_type=verb.partition(".")[0],
                    object_id=done.object_id,
                    path=done.path,
                    subscription_id=done.subscription_id,
                    detail={**arguments, **done.recorded},
                    at=done.at,
                )
                text = _json(done.document)
                if request.key is not None:
                    idempotency.remember(actor, idempotency.Stored(status, text))
            if done.secret:
                text = _json({**(done.document or {}), **done.secret})
            return Answer(status, text, version=done.version)

        return cast(Callable[Concatenate[Actor, P], Answer], perform)

    return decorate


def hot_use_case(
    permission: Permission,
) -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[Concatenate[Actor, P], R]]:
    """Make a hot verb of a function `(actor, *, ...)`, which calls one database function.

    Checks scope, kind of organization and role before the call; the database function checks
    visibility, and does locks, idempotency, events and audit record. Problem `forbidden`.
    """

    def decorate(run: Callable[Concatenate[Actor, P], R]) -> Callable[Concatenate[Actor, P], R]:
        @functools.wraps(run)
        def perform(actor: Actor, *args: P.args, **kwargs: P.kwargs) -> R:
            permission.require(actor)
            return run(actor, *args, **kwargs)

        return cast(Callable[Concatenate[Actor, P], R], perform)

    return decorate


def _json(document: dict[str, Any] | None) -> str:
    return "" if document is None else orjson.dumps(document, default=str).decode()
