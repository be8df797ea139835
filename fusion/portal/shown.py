"""Forms below a preview: what is done is what the reader saw."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from django import forms

from fusion.portal.forms import Form, LineField


class _Checksum(forms.HiddenInput):
    """Always shows the checksum of the preview on this page, whatever was sent."""

    expected = ""

    def format_value(self, value: Any) -> str:
        """The checksum of the preview of now."""
        return self.expected


class ShownForm(Form):
    """The button below a preview. `shown` is the checksum of the preview that the reader saw."""

    shown = LineField(required=False, max_length=64, widget=_Checksum)
    changed: Any
    """The text for a reader who saw another preview."""

    _expected: str | None = None

    def expect(self, effect: Mapping[str, Any], *, is_done: bool) -> None:
        """Accept the form only with the preview of now, `effect`.

        A form that is sent again after it was done (`is_done`) is accepted: the use case knows it.
        """
        checksum = hashlib.sha256(orjson.dumps(effect, option=orjson.OPT_SORT_KEYS)).hexdigest()
        self.fields["shown"].widget.expected = checksum
        self._expected = None if is_done else checksum

    def clean(self) -> dict[str, Any]:
        """What has changed since the preview was shown must be shown before it happens."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self._expected is not None and cleaned.get("shown") != self._expected:
            self.add_error(None, self.changed)
        return cleaned
