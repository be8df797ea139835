"""Forms: their fields, their rows, and refusals beside the fields that they concern.

`@page` and `submit` (`page.py`) bind and run them; `responses.py` shows them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.forms.renderers import TemplatesSetting
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property, lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id, parse_id
from fusion.kernel.text import Unclean, clean_line, clean_note
from fusion.portal.errors import EXPLANATIONS, explain, explain_field

ONCE = "once"
"""The name of the hidden field with the one-time key."""

EDIT_ROWS = "rows"
"""The name of the buttons that add and remove a row."""

PREVIEW = "preview"
"""The button, and the part of the page, for the preview of a form's effect."""

LONGEST_CHOICE = 300
"""Longest typed choice: a name, and a code in brackets."""

LONGEST_COUNT = 9
"""Longest count of rows that is parsed as a number, in digits."""


class Renderer(TemplatesSetting):
    """Renders every form of the portal, django-allauth's included, with these templates."""

    form_template_name = "portal/kit/fields.html"
    field_template_name = "portal/kit/field.html"


UNCLEAN = _(
    "Character %(position)s (%(character)s) cannot be seen or turns the text around. Leave it out."
)


class LineField(forms.CharField):
    """A text of one line."""

    clean_text = staticmethod(clean_line)

    def to_python(self, value: Any) -> Any:
        """The cleaned text; ValidationError with the position of a forbidden character."""
        text = super().to_python(value)
        try:
            return self.clean_text(text) if isinstance(text, str) else text
        except Unclean as error:
            params = {"position": error.position, "character": error.character}
            raise forms.ValidationError(UNCLEAN, code="unclean", params=params) from None


class NoteField(LineField):
    """A text of several lines."""

    clean_text = staticmethod(clean_note)


class EmailField(LineField, forms.EmailField):
    """An e-mail address."""


LOCAL = "%Y-%m-%dT%H:%M"
"""The format of a date and time in browsers."""


def _effective_time_help() -> str:
    return gettext(
        "Leave empty for immediate effect. At most five years ahead, in your time zone (%(zone)s)."
    ) % {"zone": timezone.get_current_timezone_name()}


def _required_time_help() -> str:
    return gettext("At most five years ahead, in your time zone (%(zone)s).") % {
        "zone": timezone.get_current_timezone_name()
    }


def _end_help() -> str:
    return gettext(
        "For a trial or a season: what the order adds is then taken back. Leave empty if it stays. "
        "In your time zone (%(zone)s)."
    ) % {"zone": timezone.get_current_timezone_name()}


class TimeField(forms.DateTimeField):
    """A date and time in the reader's time zone; `help` is made when it is shown."""

    def __init__(self, label: Any, help: Callable[[], str], *, required: bool = False) -> None:
        super().__init__(
            label=label,
            required=required,
            input_formats=[LOCAL, f"{LOCAL}:%S"],
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL),
            help_text=lazy(help, str)(),
        )


class EffectiveTimeField(TimeField):
    """When a change takes effect; empty for at once, unless required."""

    def __init__(self, *, required: bool = False) -> None:
        help = _required_time_help if required else _effective_time_help
        super().__init__(_("When it takes effect"), help, required=required)


class EndTimeField(TimeField):
    """When what an order adds is taken back; empty for never."""

    def __init__(self) -> None:
        super().__init__(_("When it ends"), _end_help)


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice: `key` identifies it, `name` and `code` are how people know it.

    `note` is shown beside it in the list; `lists` are the ids of the lists that offer it.
    """

    key: str
    name: str
    code: str
    note: str = ""
    lists: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text in the field and in the list."""
        return f"{self.name} ({self.code})"


class Choices:
    """The choices of a field, found by key, by text, by code, or by a unique name."""

    def __init__(self, choices: Iterable[Choice]) -> None:
        self._all = list(choices)
        self._by_key = {choice.key: choice for choice in self._all}
        self._by_text: dict[str, Choice] = {}
        self._ambiguous: set[str] = set()
        for choice in self._all:
            name = choice.name.casefold()
            if name in self._by_text:
                self._ambiguous.add(name)
            self._by_text.setdefault(name, choice)
        # Codes and full texts are unique: they take precedence over an equal name.
        for choice in self._all:
            for text in (choice.code.casefold(), choice.text.casefold()):
                self._by_text[text] = choice
                self._ambiguous.discard(text)

    def __iter__(self) -> Iterator[Choice]:
        return iter(self._all)

    def of_list(self, name: str) -> list[Choice]:
        """The choices of the list with that id."""
        return [choice for choice in self._all if name in choice.lists]

    def of_key(self, key: object) -> Choice | None:
        """The choice with that key."""
        return self._by_key.get(str(key))

    def find(self, typed: str) -> Choice:
        """The choice that `typed` means; ValidationError if there is none, or more than one."""
        text = typed.strip().casefold()
        if text in self._ambiguous:
            raise forms.ValidationError(
                _("Several are called “%(text)s”: choose one from the list, or give its code.")
                % {"text": typed}
            )
        found = self._by_key.get(typed) or self._by_text.get(text)
        if found is None:
            raise forms.ValidationError(
                _("“%(text)s” is not in the list. Choose from the list, or give a code.")
                % {"text": typed[:100]}
            )
        return found


class ListedField(forms.CharField):
    """One of `choices`; the cleaned value is its key. `list_id` names the list to offer."""

    def __init__(self, *, list_id: str, **options: Any) -> None:
        # Not autocomplete="off": with it browsers forget the input when the user goes back.
        widget = forms.TextInput(attrs={"list": list_id, "spellcheck": "false"})
        super().__init__(max_length=LONGEST_CHOICE, widget=widget, **options)
        self.choices = Choices(())

    def offer(self, choices: Choices, list_id: str | None = None) -> None:
        """Offer `choices`, through the list with that id."""
        self.choices = choices
        self.widget.attrs["placeholder"] = gettext("Type or choose …")
        if list_id is not None:
            self.widget.attrs["list"] = list_id

    def prepare_value(self, value: Any) -> Any:
        """Shows the name for a given key."""
        choice = self.choices.of_key(value) if value else None
        return choice.text if choice else value

    def clean(self, value: Any) -> Any:
        """The key of the choice."""
        text = super().clean(value)
        return self.choices.find(text).key if text else text


class RowForm(forms.Form):
    """The fields of one row; `names` maps the API's field names to the row's."""

    names: dict[str, str] = {}


class Rows(BaseFormSet):  # type: ignore[type-arg]
    """The rows of a form; `lists` are the choices of their fields, by the id of each list."""

    lists: Mapping[str, Sequence[Choice]] = {}

    def refuse(self, field: str, message: str) -> bool:
        """Put an error such as `lines.2.quantity` beside its field; False if it belongs to no
        row.
        """
        prefix, _, rest = field.partition(".")
        position, _, name = rest.partition(".")
        if prefix != self.prefix or not position.isdigit() or int(position) >= len(self.forms):
            return False
        row = self.forms[int(position)]
        name = row.names.get(name, name)
        row.add_error(name if name in row.fields else None, explain_field(message))
        return True


class Form(forms.Form):
    """A form with a one-time key; `names` maps the API's field names to the form's.

    `rows` are the form's rows, if any: see `RowsForm`. `several` names parameters that its page
    reads besides its fields, each any number of times; `draft_buttons` the buttons that only show
    the form again.
    """

    names: dict[str, str] = {}
    problem: Problem | None = None
    rows: Rows | None = None
    several: tuple[str, ...] = ()
    draft_buttons: tuple[str, ...] = ()

    @cached_property
    def once(self) -> str:
        """The key to send with the form: the one received, while it can be used for another
        attempt.
        """
        sent = self.data.get(ONCE) if self.is_bound else None
        key = parse_id(sent) if sent else None
        return str(key or new_id())

    def refuse(self, problem: Problem) -> None:
        """Show a refusal: each of its errors beside its field, the rest in the summary."""
        self.problem = problem
        for error in problem.errors:
            if self.rows and self.rows.refuse(error["field"], error["message"]):
                continue
            name = self._field_of(error["field"])
            text = explain_field(error["message"])
            self.add_error(name, text if name else f"{error['field']}: {text}")
        # The detail would only repeat the numbers of refusals, which `{% errors %}` shows.
        if not problem.errors and (not problem.refusals or problem.code in EXPLANATIONS):
            self.add_error(None, explain(problem))
        if problem.code == "idempotency-key-reused":
            self.once = str(new_id())

    def is_right(self) -> bool:
        """Whether the form and each of its rows are valid; both report their errors."""
        rows_right = self.rows is None or self.rows.is_valid()
        return self.is_valid() and rows_right

    @property
    def has_errors(self) -> bool:
        """Whether the form has an error in a field, a row or from a refusal."""
        if not self.is_bound:
            return False
        in_rows = self.rows is not None and self.rows.is_bound and not self.rows.is_valid()
        return bool(self.errors) or in_rows or self.problem is not None

    def _field_of(self, field: str) -> str | None:
        name = self.names.get(field, field)
        return name if name in self.fields else None


class ChangeForm(Form):
    """A form that changes some fields of an existing object.

    It carries the values that its page was opened with, so that only edited fields are changed: two
    people who edit at once do not revert each other's changes in other fields of the form.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def changed(self) -> dict[str, Any]:
        """The edited fields and their new values."""
        return {name: text for name, text in self.cleaned_data.items() if self._is_changed(name)}

    def _is_changed(self, name: str) -> bool:
        known = self[name].html_initial_name in self.data
        return not known or name in self.changed_data


class RowsForm(Form):
    """A form with rows of fields, such as the lines of an order: one to `most_rows` of them.

    `row_values` are the initial rows, `row_options` arguments of each row. A request with more rows
    than `most_rows` is refused with Problem `invalid-fields` before any row is created.
    """

    row: type[RowForm]
    rows_prefix: str
    most_rows: int
    rows: Rows
    draft_buttons: tuple[str, ...] = (EDIT_ROWS,)

    def __init__(
        self,
        data: QueryDict | None = None,
        *args: Any,
        row_values: Sequence[Mapping[str, Any]] = (),
        row_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data, *args, **options)
        self.row_values = row_values
        if data is not None:
            self.count_rows(data)
        factory = formset_factory(
            self.row,
            formset=Rows,
            extra=0,
            min_num=1,
            validate_min=True,
            max_num=self.most_rows,
            validate_max=True,
            absolute_max=self.most_rows,
        )
        self.rows = factory(  # type: ignore[assignment]
            data,
            prefix=self.rows_prefix,
            initial=[dict(each) for each in row_values],
            # Every row counts: an empty one is not skipped.
            form_kwargs={"empty_permitted": False, **(row_options or {})},
            error_messages={
                "too_few_forms": gettext("Fill in at least one line."),
                "missing_management_form": gettext("The lines are unreadable. Reload the page."),
            },
        )

    @classmethod
    def count_rows(cls, data: QueryDict) -> int:
        """The number of rows sent; 0 if the form has no count.

        Problem `invalid-fields` for more than `most_rows`, and for fields of a row beyond the
        count: they would be ignored.
        """
        total = data.get(f"{cls.rows_prefix}-TOTAL_FORMS", "").strip()
        if not total.isdecimal():
            return 0
        if len(total) > LONGEST_COUNT or int(total) > cls.most_rows:
            detail = gettext("The form has %(count)s lines; the limit is %(most)s.") % {
                "most": cls.most_rows,
                "count": total if len(total) <= LONGEST_COUNT else gettext("more than the limit"),
            }
            raise Problem("invalid-fields", detail)
        count = int(total)
        for name in data:
            prefix, _, rest = name.partition("-")
            position = rest.partition("-")[0]
            if prefix != cls.rows_prefix or not position.isdecimal():
                continue
            if len(position) > LONGEST_COUNT or int(position) >= count:
                detail = gettext("The form has more lines than it declares. Reload the page.")
                raise Problem("invalid-fields", detail)
        return count


class Confirmation(Form):
    """A form without fields: a button that changes something."""
