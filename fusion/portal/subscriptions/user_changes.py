"""Changes of users: add, rename, link to a number, unlink, delete."""

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import PROVISION
from fusion.numbers.resolve import home_country
from fusion.portal.forms import Form, LineField
from fusion.portal.page import BUTTON, FORM, form_of, page, submit
from fusion.portal.responses import confirmed, done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.frame import frame
from fusion.portal.subscriptions.number_finder import NumberForm, number_search
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.users.create_user import create_user
from fusion.users.delete_user import delete_user
from fusion.users.edit_user import edit_user
from fusion.users.link import link_user
from fusion.users.queries import find_user, user_document
from fusion.users.unlink import unlink_user


class RenameForm(Form):
    """The names of a user."""

    display_name = LineField(label=_("Name"), max_length=200)
    login = LineField(
        label=_("Login"),
        max_length=200,
        help_text=_("For example, an e-mail address. Unique in this subscription."),
    )


class UserForm(RenameForm):
    """A new user."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("user", _("End user")), ("resource_account", _("Resource account"))],
        help_text=_("A resource account is an auto attendant or a call queue."),
    )


@page(PROVISION, methods=FORM, subscription_id=find_subscription)
def new(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/users/new`."""
    form = form_of(request, UserForm)
    answer = submit(
        request,
        form,
        lambda actor: create_user(actor, subscription_id=subscription.id, **form.cleaned_data),
    )
    if answer is None:
        context = frame(request, subscription, "users")
        return show_form(request, "portal/subscriptions/user_new.html", form, context)
    message = gettext("The user was added. Link a number to make the user reachable.")
    ids = (subscription.id, answer.body["id"])
    return done(request, message, "subscriptions-user", *ids, answer=answer)


@page(PROVISION, methods=FORM, subscription_id=find_subscription)
def edit(request: PageRequest, subscription: Subscription, user_id: UUID) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/users/<user id>/edit`."""
    found = find_user(request.actor, user_id, subscription.id)
    names = {"display_name": found.display_name, "login": found.login}
    form = form_of(request, RenameForm, names)
    answer = submit(
        request,
        form,
        lambda actor: edit_user(
            actor, subscription_id=subscription.id, user_id=user_id, **form.cleaned_data
        ),
    )
    if answer is None:
        context = {**frame(request, subscription, "users"), "user": found}
        return show_form(request, "portal/subscriptions/user_edit.html", form, context)
    message = gettext("The name was changed.")
    ids = (subscription.id, user_id)
    return done(request, message, "subscriptions-user", *ids, answer=answer)


@page(PROVISION, methods=FORM, subscription_id=find_subscription)
def link(request: PageRequest, subscription: Subscription, user_id: UUID) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/users/<user id>/link`: choose one of its numbers."""
    found = find_user(request.actor, user_id, subscription.id)
    form = form_of(
        request, NumberForm, country=lambda: home_country(request.actor, subscription.id)
    )
    answer = submit(
        request,
        form,
        lambda actor: link_user(
            actor,
            subscription_id=subscription.id,
            user_id=user_id,
            number=form.cleaned_data["number"],
        ),
    )
    if answer is None:
        context = {
            **frame(request, subscription, "users"),
            **number_search(request, subscription),
            "user": user_document(found.id),
        }
        template = "portal/subscriptions/user_link.html"
        return show_form(request, template, form, context, parts=("found",))
    message = gettext("The user now has the number %(number)s.") % form.cleaned_data
    return done(request, message, "subscriptions-user", subscription.id, user_id)


@page(PROVISION, methods=BUTTON, subscription_id=find_subscription)
def unlink(request: PageRequest, subscription: Subscription, user_id: UUID) -> HttpResponse:
    """`POST /subscriptions/<id>/users/<user id>/unlink`."""
    return confirmed(
        request,
        lambda actor: unlink_user(actor, subscription_id=subscription.id, user_id=user_id),
        gettext("The user no longer has a number. The subscription keeps it."),
        "subscriptions-user",
        subscription.id,
        user_id,
    )


@page(PROVISION, methods=BUTTON, subscription_id=find_subscription)
def delete(request: PageRequest, subscription: Subscription, user_id: UUID) -> HttpResponse:
    """`POST /subscriptions/<id>/users/<user id>/delete`."""
    return confirmed(
        request,
        lambda actor: delete_user(actor, subscription_id=subscription.id, user_id=user_id),
        gettext("The user was deleted."),
        "subscriptions-users",
        subscription.id,
    )
