"""Users and batch jobs. The number whose `user_id` is a user's id is the user's number."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from fusion.access.actor import Actor
from fusion.access.visibility import Scoped, within_tree
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.kernel.model_fields import JsonTextField
from fusion.tenancy.models import Subscription


def _within_subscription(actor: Actor) -> Q:
    return Q(**{f"subscription__{actor.kind}_id": actor.organization_id})


class User(models.Model):
    """An end user or a resource account (auto attendant, call queue) of a subscription.

    A trigger maintains `login_key` (migrations/0006_login_key.py). `login_twin` numbers users whose
    keys were equal when keys were introduced; no new user gets a key that exists.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group_id = models.UUIDField()
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    login = models.CharField(max_length=200)
    login_key = models.TextField(null=True, editable=False, db_collation="C")
    login_twin = models.IntegerField(db_default=0, editable=False)
    display_name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16)
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["User"](_within_subscription)

    class Meta:
        constraints = [
            models.UniqueConstraint("subscription", "id", "group_id", name="user_of_subscription"),
            models.UniqueConstraint("subscription", Lower("login"), "group_id", name="user_login"),
            models.UniqueConstraint(
                "subscription", "login_key", "login_twin", "group_id", name="user_login_key"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("user", "resource_account")), name="user_kind"
            ),
        ]


class Job(models.Model):
    """A batch of users that a worker provisions, one chunk per transaction; resumable after a
    crash.

    `rows` are the requested rows, each with the id of the new user or the `problem` found in its
    input. `done` is the progress, updated in the transaction of a chunk's effects. `error`
    describes the first row that Fusion could not process: readers see such a job end as `failed`.
    The state `failed` itself means that Fusion stopped after `done` rows, `cancelled` that somebody
    stopped it there. `created`, `changed`, `unchanged` and `deleted` count users among `done`.
    `source` says how a file was read, see `Sheet.source`; null for JSON.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group_id = models.UUIDField()
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    state = models.CharField(max_length=16, default="queued")
    total = models.IntegerField()
    done = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    created = models.IntegerField(default=0, db_default=0)
    changed = models.IntegerField(default=0, db_default=0)
    unchanged = models.IntegerField(default=0, db_default=0)
    deleted = models.IntegerField(default=0, db_default=0)
    source = models.JSONField(null=True)
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
            models.UniqueConstraint("group_id", "id", name="job_of_group"),
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running", "finished", "failed", "cancelled")),
                name="job_state",
            ),
            models.CheckConstraint(
                condition=Q(done__gte=0, done__lte=F("total"), failed__lte=F("done")),
                name="job_progress",
            ),
            models.CheckConstraint(
                condition=Q(state="finished", done=F("total"), finished_at__isnull=False)
                | Q(state="failed", finished_at__isnull=False, error__isnull=False)
                | Q(state="cancelled", finished_at__isnull=False)
                | Q(state__in=("queued", "running"), finished_at__isnull=True),
                name="job_finished_whole",
            ),
        ]


class JobResult(models.Model):
    """The result of one row of a batch; positions count from 1.

    `answer` is the user as it was then, or {code, detail, ...} of the refusal, according to
    `status`. `outcome` is `created`, `changed`, `unchanged`, `deleted`, `refused` or `failed`; null
    in results of the previous release.
    """

    pk = models.CompositePrimaryKey("group_id", "job_id", "position")
    group_id = models.UUIDField()
    job = models.ForeignKey(
        Job, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    position = models.IntegerField()
    status = models.SmallIntegerField()
    outcome = models.CharField(max_length=16, null=True)
    answer = JsonTextField()


class Link(models.Model):
    """A user had a number from `linked_at` until `unlinked_at`, null while it still has it.

    Only a trigger on the numbers writes it (migrations/0002_link_history.py). The ids of the
    organizations above its subscription, and the user's name at that time, are copied into the row.
    """

    pk = models.CompositePrimaryKey("group_id", "id")
    group_id = models.UUIDField()
    id = models.BigIntegerField()
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
