"""Shapes of users and jobs on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from fusion.kernel.fields import Body, Line, Name, Search
from fusion.kernel.schemas import Paging, ProblemDocument
from fusion.numbers.schemas import WrittenNumber
from fusion.users.rules import MAX_ROWS, one_script

Kind = Literal["user", "resource_account"]


Login = Annotated[str, Line(1, 200), AfterValidator(one_script)]


class UserBody(Body):
    """A new user. The login is unique in the subscription; case is ignored."""

    login: Login
    display_name: Name
    kind: Kind = "user"


class UserPatch(Body):
    """What changes of a user."""

    display_name: Name | None = None


class LinkBody(Body):
    """The number to link to a user. It must be assigned to the subscription."""

    number: WrittenNumber


class RowBody(UserBody):
    """A user of a batch, and the number to link, if any."""

    number: WrittenNumber | None = None


AnyRow = Annotated[
    Any,
    WithJsonSchema(
        {"type": "object", "description": "The body of POST …/users, and an optional `number`."}
    ),
]


class BatchBody(Body):
    """Up to 10,000 users. A malformed user is refused alone, so any value is accepted here."""

    users: Annotated[list[AnyRow], Field(min_length=1, max_length=MAX_ROWS)]


class UserDocument(BaseModel):
    """An end user or resource account; `number` is null if no number is linked."""

    id: UUID
    subscription_id: UUID
    login: str
    display_name: str
    kind: Kind
    number: str | None
    created_at: str


class UserFilter(Paging):
    """Filters for the list of users."""

    q: Search | None = Field(
        default=None, description="The beginning of the login or display name."
    )
    login: Search | None = Field(default=None, description="The exact login; case is ignored.")
    kind: Kind | None = None
    linked: bool | None = Field(
        default=None,
        description="True for users with a number only, false for users without one only.",
    )


class JobDocument(BaseModel):
    """The progress of a batch of users. `failed` counts the refused rows among `done`.

    It ends as `finished`, or as `failed` if Fusion itself failed on a row; `error` names the row.
    If `done` is then less than `total`, the later rows were not processed.
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
    """Filters for the list of results."""

    failed: bool | None = Field(
        default=None, description="True for refused rows only, false for the other rows only."
    )


class ResultDocument(BaseModel):
    """The result of a row: 201 created, 200 linked, 409 or 422 refused, 500 failed.

    Positions count from 1.
    """

    position: int
    status: int
    user: UserDocument | None = None
    problem: ProblemDocument | None = None
