"""A person's settings: language, time zone, theme, mails; and the organization they act for."""

from django import forms
from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from fusion.kernel.errors import not_found
from fusion.kernel.ids import parse_id
from fusion.portal.forms import Confirmation, Form
from fusion.portal.models import Preference
from fusion.portal.page import BUTTON, FORM, is_as_shown, page
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import TIME_ZONES, PageRequest, person_of, switch

THEMES = ("", "light", "dark")


class SettingsForm(Form):
    """Language, time zone and theme, by default the browser's. Which mails."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    theme = forms.ChoiceField(label=_("Theme"), required=False)
    channel_mails = forms.BooleanField(
        label=_("E-mail me when calls use most of the channels"),
        help_text=_(
            "When live calls reach 80 or 100 percent of a subscription's channels or of a trunk's "
            "limit, at most once an hour for each. For all subscriptions that you can see."
        ),
        required=False,
    )

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        choices = {
            "language": [("", _("Use the browser's setting")), *django_settings.LANGUAGES],
            "time_zone": [
                ("", _("Use the browser's setting")),
                *((name, name) for name in sorted(TIME_ZONES)),
            ],
            "theme": [
                ("", _("Use the system's setting")),
                ("light", _("Light")),
                ("dark", _("Dark")),
            ],
        }
        for name, values in choices.items():
            self.fields[name].choices = values  # type: ignore[attr-defined]


@page(None, methods=FORM)
def settings(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /account`."""
    preference = request.person.preference
    names = ("language", "time_zone", "theme", "channel_mails")
    initial = {name: getattr(preference, name) for name in names}
    form = SettingsForm(request.POST or None, initial=initial)
    if request.method == "POST" and is_as_shown(request, form) and form.is_valid():
        _save(request, **{name: form.cleaned_data[name] for name in names})
        return done(request, gettext("Your settings were saved."), "settings")
    context = {"confirmation": Confirmation()}
    return show_form(request, "portal/account/settings.html", form, context)


def _save(request: HttpRequest, **values: str | bool) -> None:
    person = person_of(request)
    if person is not None:
        Preference.objects.update_or_create(user_id=person.user.id, defaults=values)


@page(None, methods=BUTTON)
def theme(request: PageRequest) -> HttpResponse:
    """`POST /account/theme`, from the menu."""
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        _save(request, theme=chosen)
    return _back(request)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """`POST /account/language`: stored with the person, or in a cookie before they sign in."""
    response = _back(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(django_settings.LANGUAGES) and check_for_language(chosen):
        _save(request, language=chosen)
        response.set_cookie(
            django_settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=365 * 24 * 3600,
            secure=django_settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return response


@page(None, methods=BUTTON)
def act_for(request: PageRequest) -> HttpResponse:
    """`POST /account/organization`: act for another organization of which one is a member."""
    member_id = parse_id(request.POST.get("member"))
    if member_id is None or not switch(request, member_id):
        raise not_found("membership")
    return redirect("home")


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(target if ours else "/")
