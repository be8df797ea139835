"""The shapes of members and invitations in the API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from fusion.accounts.rules import MAX_EMAIL, normal_email
from fusion.kernel.fields import Body, Line, Name

Role = Literal["administrator", "agent", "viewer"]


Email = Annotated[
    str,
    Line(3, MAX_EMAIL),
    AfterValidator(normal_email),
    Field(json_schema_extra={"format": "email"}),
]


class MemberDocument(BaseModel):
    """A person's role in one organization; `name` is the person's name there.

    `status` is `invited` until the person accepts or `expires_at` passes, and `active` after that.
    An invited person has no access. The id stays the same.
    """

    id: UUID
    organization_id: UUID
    email: str
    name: str | None
    role: Role
    status: Literal["invited", "active"]
    created_at: datetime
    expires_at: datetime | None


class NewMember(Body):
    """A person to invite, whether or not they already have an account."""

    email: Email
    name: Name | None = None
    role: Role


class RoleChange(Body):
    """The new role; omit it to change nothing."""

    role: Role = Field(default_factory=lambda: "viewer")
