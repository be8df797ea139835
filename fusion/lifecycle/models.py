"""Jobs of organizations: one change of everything below an organization, done by workers."""

from django.db import models
from django.db.models import F, Q

from fusion.access.actor import GROUP, Actor
from fusion.access.visibility import Scoped, within_group
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.kernel.model_fields import JsonTextField
from fusion.ordering.models import RESUMPTION, SUSPENSION
from fusion.tenancy.models import REASONS, Organization

MOVE = "move"
"""The kind of a job that moves an organization; the other kinds are those of orders."""

KINDS = (SUSPENSION, RESUMPTION, MOVE)


def _of_seen_organizations(actor: Actor) -> Q:
    """A job belongs to its organization, wherever that has moved."""
    if actor.kind == GROUP:
        return within_group(actor)
    return Q(organization_id__in=Organization.objects.visible_to(actor).values("id"))


class Job(models.Model):
    """A change of an organization's subscriptions, with an outcome for each.

    `number` counts the jobs of a group: jobs that change the same subscription do so in this order.
    `done` is the progress, written with the effects; `changed`, `unchanged`, `refused` and
    `failed` count the outcomes among `done`. The state `failed` means that the job ended before all
    was done: `problem` is the refusal of a move, `error` what went wrong in Fusion. `actor` and
    `request_id` are those of the request: its changes are theirs. `parent_id` is where a move goes.
    """

    pk = models.CompositePrimaryKey("group_id", "id")
    group_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    number = models.IntegerField()
    kind = models.CharField(max_length=16)
    organization_id = models.UUIDField()
    parent_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=16, null=True)
    note = models.TextField(null=True)
    state = models.CharField(max_length=16, default="queued")
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    actor = models.CharField(max_length=80)
    request_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=KernelNow())
    finished_at = models.DateTimeField(null=True)
    problem = JsonTextField(null=True)
    error = models.TextField(null=True)

    objects = Scoped["Job"](_of_seen_organizations)

    class Meta:
        indexes = [
            models.Index("organization_id", "number", name="organization_job_listed"),
            models.Index(
                "finished_at", name="organization_job_ended", condition=Q(finished_at__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint("group_id", "number", name="organization_job_number"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="organization_job_kind"),
            models.CheckConstraint(
                condition=Q(kind=MOVE, parent_id__isnull=False)
                | (~Q(kind=MOVE) & Q(parent_id__isnull=True)),
                name="organization_job_parent",
            ),
            models.CheckConstraint(
                condition=Q(reason__isnull=True) | Q(reason__in=REASONS),
                name="organization_job_reason",
            ),
            models.CheckConstraint(
                condition=Q(done__gte=0, done__lte=F("total"))
                & Q(done=F("changed") + F("unchanged") + F("refused") + F("failed")),
                name="organization_job_progress",
            ),
            models.CheckConstraint(
                condition=Q(state="finished", done=F("total"), finished_at__isnull=False)
                | Q(state="failed", finished_at__isnull=False, problem__isnull=False)
                | Q(state="failed", finished_at__isnull=False, error__isnull=False)
                | Q(state="cancelled", finished_at__isnull=False)
                | Q(state__in=("queued", "running"), finished_at__isnull=True),
                name="organization_job_state",
            ),
        ]


OUTCOMES = ("changed", "unchanged", "refused", "failed")


class JobRow(models.Model):
    """One subscription of a job; positions count from 1.

    Without an `outcome` it has not been processed. `order_id` is the completed order of a change,
    `problem` the {code, detail, ...} of a refusal.
    """

    pk = models.CompositePrimaryKey("group_id", "job_id", "position")
    group_id = models.UUIDField()
    job_id = models.UUIDField()
    position = models.IntegerField()
    subscription_id = models.UUIDField()
    outcome = models.CharField(max_length=16, null=True)
    order_id = models.UUIDField(null=True)
    problem = JsonTextField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects = Scoped["JobRow"](within_group)

    class Meta:
        indexes = [
            models.Index(
                "group_id",
                "subscription_id",
                name="organization_job_row_waiting",
                condition=Q(outcome__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__isnull=True, settled_at__isnull=True)
                | Q(outcome__in=OUTCOMES, settled_at__isnull=False),
                name="organization_job_row_outcome",
            ),
            models.CheckConstraint(
                condition=Q(outcome="changed", order_id__isnull=False, problem__isnull=True)
                | Q(outcome__in=("refused", "failed"), problem__isnull=False, order_id__isnull=True)
                | Q(outcome="unchanged", order_id__isnull=True, problem__isnull=True)
                | Q(outcome__isnull=True, order_id__isnull=True, problem__isnull=True),
                name="organization_job_row_answer",
            ),
        ]
