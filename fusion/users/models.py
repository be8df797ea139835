"""Users and batch jobs. A user's number is the number whose `user_id` it is."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from fusion.events.models import JsonTextField
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.tenancy.actor import Actor
from fusion.tenancy.models import Subscription
from fusion.tenancy.scope import Scoped, within_tree


def _within_subscription(actor: Actor) -> Q:
    return Q(**{f"subscription__{actor.kind}_id": actor.organization_id})


class User(models.Model):
    """An end user or a resource account (auto attendant, call queue) of a subscription.

    A trigger keeps `login_key` (migrations/0006_login_key.py). Users who had colliding keys when
    the keys came are numbered by `login_twin`; nobody new gets a key that is there.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="+", db_index=False)
    login = models.CharField(max_length=200)
    login_key = models.TextField(null=True, editable=False, db_collation="C")
    login_twin = models.IntegerField(db_default=0, editable=False)
    display_name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16)
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["User"](_within_subscription)

    class Meta:
        indexes = [models.Index("subscription", "id", name="user_of_subscription")]
        constraints = [
            models.UniqueConstraint("subscription", Lower("login"), name="user_login"),
            models.UniqueConstraint(
                fields=["subscription", "login_key", "login_twin"], name="user_login_key"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("user", "resource_account")), name="user_kind"
            ),
        ]


class Job(models.Model):
    """A batch of users that a worker provisions, a chunk a transaction; resumable after a crash.

    `rows` is what was asked for, each row with the id of the user to be, or the `problem` that
    it came with. How far it has come is `done`, moved on in the transaction of a chunk's effects.
    `error` tells of the first row that Fusion could not do: such a job ends as `failed`.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=16, default="queued")
    total = models.IntegerField()
    done = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    rows = JsonTextField()
    actor = models.CharField(max_length=80)
    request_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=KernelNow())
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(null=True)

    objects = Scoped["Job"](_within_subscription)

    class Meta:
        indexes = [
            models.Index("created_at", name="job_waiting", condition=~Q(state="finished")),
            models.Index("finished_at", name="job_finished", condition=Q(state="finished")),
            models.Index("subscription", "id", name="job_of_subscription"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running", "finished")), name="job_state"
            ),
            models.CheckConstraint(
                condition=Q(done__gte=0, done__lte=F("total"), failed__lte=F("done")),
                name="job_progress",
            ),
            models.CheckConstraint(
                condition=Q(state="finished", done=F("total"), finished_at__isnull=False)
                | (~Q(state="finished") & Q(finished_at__isnull=True)),
                name="job_finished_whole",
            ),
        ]


class JobResult(models.Model):
    """What became of one row of a batch; positions count from 1.

    `answer` is the user as it then was, or {code, detail, ...} of the refusal that `status` tells.
    """

    pk = models.CompositePrimaryKey("job_id", "position")
    job = models.ForeignKey(Job, models.CASCADE, related_name="+", db_index=False)
    position = models.IntegerField()
    status = models.SmallIntegerField()
    answer = JsonTextField()


class Link(models.Model):
    """That a user had a number, from `linked_at` until `unlinked_at`, null while it has it.

    Written by a trigger on the numbers (migrations/0002_link_history.py) and by nothing else.
    Carries the ids of the organizations above its subscription, and what the user was called.
    """

    id = models.BigAutoField(primary_key=True)
    group_id = models.UUIDField()
    distributor_id = models.UUIDField(null=True)
    reseller_id = models.UUIDField(null=True)
    tenant_id = models.UUIDField()
    subscription_id = models.UUIDField()
    sku_id = models.UUIDField()
    e164 = models.CharField(max_length=16)
    origin = models.CharField(max_length=16)
    user_id = models.UUIDField()
    login = models.CharField(max_length=200)
    display_name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16)
    linked_at = models.DateTimeField()
    unlinked_at = models.DateTimeField(null=True)

    objects = Scoped["Link"](within_tree)

    class Meta:
        managed = False
        db_table = "users_link"
