"""Shapes of users and jobs on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from fusion.kernel.fields import Body, Line, Name, Search
from fusion.kernel.schemas import Paging, ProblemDocument
from fusion.numbers.schemas import E164
from fusion.users.rules import MAX_ROWS, one_script

Kind = Literal["user", "resource_account"]


Login = Annotated[str, Line(1, 200), AfterValidator(one_script)]


class UserBody(Body):
    """A new user. The login is unique in the subscription, whatever the case of its letters."""

    login: Login
    display_name: Name
    kind: Kind = "user"


class UserPatch(Body):
    """What changes of a user."""

    display_name: Name | None = None


class LinkBody(Body):
    """The number that a user gets: one that is assigned to the subscription."""

    number: E164


class RowBody(UserBody):
    """A user of a batch, and the number to link, if any."""

    number: E164 | None = None


AnyRow = Annotated[
    Any,
    WithJsonSchema({"type": "object", "description": "As POST …/users takes it, and `number?`."}),
]


class BatchBody(Body):
    """Up to 10,000 users. A malformed one is refused by itself, so any value may stand here."""

    users: Annotated[list[AnyRow], Field(min_length=1, max_length=MAX_ROWS)]


class UserDocument(BaseModel):
    """A user as the API shows it; `number` is null while it has none."""

    id: UUID
    subscription_id: UUID
    login: str
    display_name: str
    kind: Kind
    number: str | None
    created_at: str


class UserFilter(Paging):
    """Which users are listed."""

    q: Search | None = Field(default=None, description="What login or display name begin with.")
    login: Search | None = Field(default=None, description="Compared as logins are.")
    kind: Kind | None = None
    linked: bool | None = Field(default=None, description="Whether they have a number.")


class JobDocument(BaseModel):
    """A batch of users: how far it has come. `failed` counts those of `done` that were refused.

    It ends as `finished`, or as `failed` where Fusion could not do a row; `error` then says which.
    """

    id: UUID
    subscription_id: UUID
    state: Literal["queued", "running", "finished", "failed"]
    total: int
    done: int
    failed: int
    created_at: str
    finished_at: str | None
    error: str | None


class ResultFilter(Paging):
    """Which results are listed."""

    failed: bool | None = Field(default=None, description="Refused rows, or the others, alone.")


class ResultDocument(BaseModel):
    """What became of a row: 201 created, 200 linked, 409 or 422 refused, 500 not done.

    Positions count from 1.
    """

    position: int
    status: int
    user: UserDocument | None = None
    problem: ProblemDocument | None = None
