"""The forms that suspend, resume and terminate, at once or on a date."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fusion.portal.forms import EffectiveTimeField, Form, LineField, NoteField
from fusion.portal.templatetags.kit import REASON_WORDS


class StateForm(Form):
    """The time of the change, and its reason."""

    effective_at = EffectiveTimeField()
    reason = forms.ChoiceField(label=_("Reason"), required=False)
    note = NoteField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    external_reference = LineField(
        label=_("Billing reference"),
        max_length=100,
        required=False,
        help_text=_("The billing platform's id of this order."),
    )
    no_reason: Any = _("No reason specified")
    """The label for no reason."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason: Any = self.fields["reason"]
        reason.choices = [("", self.no_reason), *REASON_WORDS.items()]

    def facts(self) -> Mapping[str, Any]:
        """The fields other than the date, as the use cases take them."""
        names = ("reason", "note", "external_reference")
        return {name: self.cleaned_data[name] or None for name in names}


class SuspendForm(StateForm):
    """A suspension always has a reason."""

    no_reason = REASON_WORDS["other"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason: Any = self.fields["reason"]
        reason.choices = list(REASON_WORDS.items())
        reason.initial = "other"


class ResumeForm(StateForm):
    """Which of the reasons to lift."""

    no_reason = _("All reasons")


class TerminateForm(StateForm):
    """With the typed name of the subscription, because not all of a termination can be undone."""

    typed = forms.CharField(
        label=_("Type the name of the subscription"),
        max_length=200,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = ""

    def clean_typed(self) -> str:
        """Must equal the name exactly, ignoring surrounding whitespace."""
        typed = str(self.cleaned_data["typed"])
        if typed.split() != self.name.split():
            raise forms.ValidationError(_("This is not the name of the subscription."))
        return typed
