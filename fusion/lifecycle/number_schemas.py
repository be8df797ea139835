"""The shapes of changes of many numbers of a subscription."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from fusion.kernel.errors import fields_problem
from fusion.kernel.fields import Body, Code, Id
from fusion.kernel.schemas import ProblemDocument
from fusion.lifecycle.change_numbers import MAX_CHANGED, Choice
from fusion.numbers.paths import A_DIGIT
from fusion.numbers.schemas import (
    EndsWith,
    NumberDocument,
    StartsWith,
    WrittenNumber,
    require_distinct,
)
from fusion.users.link_many import MAX_LINKS, Link
from fusion.users.schemas import Login

ManyNumbers = Annotated[
    list[WrittenNumber],
    Field(min_length=1, max_length=MAX_CHANGED, json_schema_extra={"uniqueItems": True}),
    AfterValidator(require_distinct),
]
Many = Annotated[int, Field(strict=True, ge=1, le=MAX_CHANGED)]

_NULL: dict[str, JsonValue] = {"type": "null"}
_ID: dict[str, JsonValue] = {"type": "string", "format": "uuid"}


def _either(chosen: dict[str, JsonValue], *others: str) -> JsonValue:
    """Either the list of numbers without `others`, or what is chosen without the list."""
    properties: dict[str, JsonValue] = {"numbers": {"type": "array"}}
    properties.update(dict.fromkeys(others, _NULL))
    listed: JsonValue = {"required": ["numbers"], "properties": properties}
    return {"anyOf": [listed, chosen]}


class MoveBody(Body):
    """Either `numbers`, or `sku` and `quantity` for the first assigned numbers of a SKU."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                _either(
                    {
                        "required": ["sku", "quantity"],
                        "properties": {
                            "numbers": _NULL,
                            "sku": {"type": "string", "pattern": "."},
                            "quantity": {"type": "integer"},
                        },
                    },
                    "sku",
                    "quantity",
                )
            ]
        }
    )

    to_subscription_id: Id
    numbers: ManyNumbers | None = None
    sku: Code | None = Field(default=None, description="The SKU's code.")
    quantity: Many | None = None
    unlink: bool = Field(
        default=False,
        description="End the links of the numbers to users and trunks. Otherwise a linked number "
        "is refused, and `quantity` counts only numbers without a link.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> "MoveBody":
        if self.numbers is not None:
            if self.sku is not None or self.quantity is not None:
                raise ValueError("`numbers` cannot be combined with `sku` or `quantity`")
        elif self.sku is None or self.quantity is None:
            raise ValueError("requires either `numbers`, or `sku` and `quantity`")
        return self

    def choice(self) -> Choice:
        """The numbers to move."""
        if self.numbers is not None:
            return Choice(numbers=self.numbers)
        return Choice(sku=self.sku, quantity=self.quantity, status="assigned")


class Selection(Body):
    """The assigned and reserved numbers that match all given filters."""

    sku: Code | None = Field(default=None, description="The SKU's code.")
    status: Literal["reserved", "assigned"] | None = None
    linked: bool | None = Field(default=None, description="Whether linked to a user or trunk.")
    starts_with: StartsWith | None = None
    ends_with: EndsWith | None = None
    quantity: Many | None = Field(
        default=None, description="Exactly this many, by number; those without a link first."
    )


_TARGETS: JsonValue = {
    "anyOf": [
        {
            "required": ["to_subscription_id"],
            "properties": {
                "action": {"const": "move"},
                "to_subscription_id": _ID,
                "trunk_id": _NULL,
            },
        },
        {
            "required": ["trunk_id"],
            "properties": {
                "action": {"const": "link"},
                "to_subscription_id": _NULL,
                "trunk_id": _ID,
            },
        },
        {
            "properties": {
                "action": {"enum": ["release", "unlink"]},
                "to_subscription_id": _NULL,
                "trunk_id": _NULL,
            }
        },
    ]
}


AnyNumber = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": A_DIGIT,
            "examples": ["+3225551234"],
            "description": "A phone number as people write it. Any other value is refused alone.",
        }
    ),
]


class LinkRow(Body):
    """A number and the user that gets it: either `user_id` or `login`.

    A malformed row is refused alone.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["user_id"], "properties": {"user_id": _ID, "login": _NULL}},
                {
                    "required": ["login"],
                    "properties": {"user_id": _NULL, "login": {"type": "string", "pattern": "."}},
                },
            ]
        }
    )

    number: AnyNumber
    user_id: Id | None = None
    login: Login | None = Field(default=None, description="Of a user; case is ignored.")

    @model_validator(mode="after")
    def _one_user(self) -> "LinkRow":
        if (self.user_id is None) == (self.login is None):
            raise ValueError("requires either `user_id` or `login`")
        return self


def read_link(item: Any) -> Link:
    """The row, or the Problem of a malformed one."""
    try:
        row = LinkRow.model_validate(item)
    except ValidationError as error:
        number = item.get("number") if isinstance(item, dict) else item
        return Link(number, problem=fields_problem(error.errors(include_url=False), 0))
    return Link(row.number, row.user_id, row.login)


AnyLink = Annotated[Any, WithJsonSchema(LinkRow.model_json_schema())]

_LINKS: JsonValue = {
    "required": ["links"],
    "properties": {
        "action": {"const": "link"},
        "links": {"type": "array"},
        "numbers": _NULL,
        "selection": _NULL,
        "to_subscription_id": _NULL,
        "trunk_id": _NULL,
        "unlink": {"const": False},
    },
}


class ChangesBody(Body):
    """An action on either the `numbers` of a list, or those of a `selection`.

    `link` links them to a trunk, or has `links` instead: each number with its user.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                _LINKS,
                {
                    "properties": {"links": _NULL},
                    "allOf": [
                        _either(
                            {
                                "required": ["selection"],
                                "properties": {"numbers": _NULL, "selection": {"type": "object"}},
                            },
                            "selection",
                        ),
                        _TARGETS,
                    ],
                },
            ]
        }
    )

    action: Literal["release", "unlink", "move", "link"]
    links: Annotated[list[AnyLink], Field(min_length=1, max_length=MAX_LINKS)] | None = Field(
        default=None, description="Only to link to users: each number once, and each user once."
    )
    numbers: Annotated[list[AnyNumber], Field(min_length=1, max_length=MAX_CHANGED)] | None = Field(
        default=None, description="Each number once."
    )
    selection: Selection | None = None
    unlink: bool = Field(
        default=False,
        description="Release, move or link numbers with another link too, and end that link.",
    )
    to_subscription_id: Id | None = Field(default=None, description="Where to move the numbers.")
    trunk_id: Id | None = Field(default=None, description="The trunk to link the numbers to.")

    @model_validator(mode="after")
    def _consistent(self) -> "ChangesBody":
        if (self.action == "move") != (self.to_subscription_id is not None):
            raise ValueError("`to_subscription_id` is required for `move`, and only for it")
        ways = (self.links is not None) + (self.trunk_id is not None)
        if ways != (self.action == "link"):
            raise ValueError("either `links` or `trunk_id` is required for `link`, and only for it")
        if self.links is not None:
            if self.numbers is not None or self.selection is not None or self.unlink:
                raise ValueError("`links` cannot be combined with `numbers`, `selection`, `unlink`")
        elif (self.numbers is None) == (self.selection is None):
            raise ValueError("requires either `numbers` or `selection`")
        return self

    def choice(self) -> Choice:
        """The numbers to change."""
        if self.selection is not None:
            return Choice(**self.selection.model_dump())
        return Choice(numbers=self.numbers)


class ChangeResult(BaseModel):
    """The result of one number: its new state, or why it was not changed.

    `e164` of a row that is no number is what was written.
    """

    e164: str
    status: int
    number: NumberDocument | None = None
    problem: ProblemDocument | None = None


class ChangeResults(BaseModel):
    """One result per number, in the order of the list; those of a selection by number."""

    results: list[ChangeResult]
