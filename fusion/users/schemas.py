"""Shapes of users and jobs on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from fusion.kernel.fields import Body, Code, Line, Name, Search
from fusion.kernel.schemas import Listing, ProblemDocument
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
    """The changes to a user. A new login is unique in the subscription; case is ignored."""

    login: Login | None = None
    display_name: Name | None = None


class LinkBody(Body):
    """The number to link to a user. It must be assigned to the subscription."""

    number: WrittenNumber


class RowBody(Body):
    """A row of a batch: the desired state of the user with this login.

    Null and missing members leave a user as it is; a new user needs a display name, and is of the
    kind `user` unless the row says otherwise. `number` is linked, and taken from the inventory if
    it is free; `sku` takes the next free number of that type, unless the user has one.
    """

    login: Login
    display_name: Name | None = None
    kind: Kind | None = None
    number: WrittenNumber | None = None
    sku: Code | None = Field(default=None, description="The code of a number type.")
    action: Literal["unlink", "delete"] | None = None


AnyRow = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "object",
            "description": "The desired state of the user with this `login`. Missing members "
            "change nothing; a new user needs a `display_name`. `kind` is as in POST …/users. "
            "`number` is linked, and assigned first if it is free. `sku` takes the next free "
            "number of that type, unless the user has one. `action` is `unlink` or `delete`.",
        }
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


class UserFilter(Listing):
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


class SourceDocument(BaseModel):
    """How Fusion read a file.

    `assumed`: the file does not say its character set, and others are possible. `hidden_rows` were
    read like all others; `other_sheets` were not read, nor were rows above `header_row`.
    """

    format: Literal["csv", "xlsx"]
    charset: str | None = None
    assumed: bool | None = None
    separator: str | None = None
    sheet: str | None = None
    other_sheets: list[str] | None = None
    hidden_rows: int | None = None
    header_row: int | None = None


class JobDocument(BaseModel):
    """The progress of a batch of users. Of the rows `done`, `failed` were refused; the others
    created, changed or deleted a user, or found it `unchanged`.

    It ends as `finished`, as `cancelled`, or as `failed` if Fusion itself failed on a row; `error`
    names the row. If `done` is then less than `total`, the later rows were not processed.
    """

    id: UUID
    subscription_id: UUID
    state: Literal["queued", "running", "finished", "failed", "cancelled"]
    total: int
    done: int
    failed: int
    created: int
    changed: int
    unchanged: int
    deleted: int
    source: SourceDocument | None
    created_at: str
    finished_at: str | None
    error: str | None


class ResultFilter(Listing):
    """Filters for the list of results."""

    failed: bool | None = Field(
        default=None, description="True for refused rows only, false for the other rows only."
    )


class ResultDocument(BaseModel):
    """The result of a row: 201 created, 200 changed, unchanged or deleted, 409 or 422 refused, 500
    failed.

    Positions count from 1, in the list as it was sent. While the job runs, results are in the order
    in which the rows took effect. `row` is the row's number in the file, where the header is a row,
    too.
    """

    position: int
    row: int
    status: int
    outcome: Literal["created", "changed", "unchanged", "deleted", "refused", "failed"] | None
    user: UserDocument | None = None
    problem: ProblemDocument | None = None
