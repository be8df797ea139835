"""A field that accepts one of many things: typed, or chosen from a list that all rows share.

A page contains each list once, as a `<datalist>` (`kit/choices.html`). A `<select>` would repeat
the whole catalogue in each row.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

LONGEST = 300
"""Longest input: a name, and a code in brackets."""


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
        super().__init__(max_length=LONGEST, widget=widget, **options)
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
