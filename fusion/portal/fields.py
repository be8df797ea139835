"""Form fields for text, cleaned by the same function as all other input."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fusion.kernel.text import Unclean, clean_line, clean_note

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
            told = {"position": error.position, "character": error.character}
            raise forms.ValidationError(UNCLEAN, code="unclean", params=told) from None


class NoteField(LineField):
    """A text of several lines."""

    clean_text = staticmethod(clean_note)


class EmailField(LineField, forms.EmailField):
    """An e-mail address."""
