"""The tables of people: accounts, memberships, invitations. Import them from `models.py`."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from fusion.access.actor import ROLES
from fusion.access.visibility import Scoped, within_path
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.kernel.text import text_key

EMAIL_KEY = models.Func(
    models.F("email"), function="kernel_text_key", output_field=models.TextField()
)
"""E-mail addresses are compared by this database function, `text_key`."""


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail; spelling variants of an address count as the same."""

    def known_as(self, email: str) -> models.QuerySet["User"]:
        """The people with that e-mail: one, or several whose addresses became equal when keys were
        introduced.

        An exact match comes first.
        """
        spelled = models.Case(
            models.When(Exact(Lower("email"), email.strip().lower()), then=0), default=1
        )
        return (
            self.alias(key=EMAIL_KEY)
            .filter(key=text_key(email.strip()))
            .order_by(spelled, "email_twin")
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user who signs in as `username`."""
        user = self.known_as(username or "").first()
        if user is None:
            raise User.DoesNotExist
        return user


class User(AbstractBaseUser):
    """A person, found by e-mail. Their rights come only from their memberships.

    Stores nothing else about them: what one organization wrote here, another would read.
    `email_confirmed` is false while the password was set through a copied invitation link, which
    does not prove that the person reads the mailbox. `email_twin` numbers people whose addresses
    became equal when keys were introduced; no new person gets an address that exists.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    email = models.EmailField(max_length=254)
    email_twin = models.IntegerField(db_default=0, editable=False)
    email_confirmed = models.BooleanField(db_default=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=KernelNow())

    USERNAME_FIELD = "email"
    objects = UserManager()

    class Meta:
        app_label = "tenancy"
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email"),
            models.UniqueConstraint(EMAIL_KEY, "email_twin", name="user_email_key"),
        ]


class Member(models.Model):
    """A person's role in one organization, and their display name there."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(
        "tenancy.Organization", models.PROTECT, related_name="+", db_index=False
    )
    name = models.CharField(max_length=200, null=True)
    role = models.CharField(max_length=16)
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["Member"](within_path("organization__"))

    class Meta:
        app_label = "tenancy"
        indexes = [models.Index("organization", "id", name="member_of_organization")]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=ROLES), name="member_role"),
            models.UniqueConstraint("organization", "user", name="member_once"),
        ]


MOST_SENT = 5
"""How often one invitation may be sent."""

INVITATION_STATES = ("open", "accepted", "withdrawn")


class Invitation(models.Model):
    """An invitation, by e-mail, to become a member. `token`: SHA-256 of the link's secret.

    An open invitation past `expires_at` can be sent again, with another secret. `mail_due` is true
    until its mail is written, in `language`. The person who accepts becomes a member with the same
    id.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    organization = models.ForeignKey(
        "tenancy.Organization", models.PROTECT, related_name="+", db_index=False
    )
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=16)
    state = models.CharField(max_length=16, default="open")
    token = models.BinaryField(unique=True)
    invited_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=KernelNow())
    expires_at = models.DateTimeField()
    sent = models.SmallIntegerField(db_default=1)
    name = models.CharField(max_length=200, null=True)
    language = models.CharField(max_length=8, db_default="")
    mail_due = models.BooleanField(db_default=False)

    objects = Scoped["Invitation"](within_path("organization__"))

    class Meta:
        app_label = "tenancy"
        indexes = [
            models.Index("organization", "id", name="invitation_of_organization"),
            models.Index("id", name="invitation_mail_due", condition=Q(mail_due=True)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=ROLES), name="invitation_role"),
            models.CheckConstraint(
                condition=Q(state__in=INVITATION_STATES), name="invitation_state"
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="invitation_email_in_lower_case"
            ),
            models.UniqueConstraint(
                "organization", "email", condition=Q(state="open"), name="invitation_once"
            ),
            models.CheckConstraint(
                condition=Q(sent__range=(1, MOST_SENT)), name="invitation_sent_at_most"
            ),
        ]
