"""URLs of subscriptions and their objects."""

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, include, path

from fusion.numbers import paths as _e164  # noqa: F401 - knows the numbers in paths
from fusion.portal import downloads as _formats  # noqa: F401 - knows the formats in paths
from fusion.portal.moves import pages as moves
from fusion.portal.ports import new as new_port
from fusion.portal.subscriptions import (
    assign_numbers,
    audit,
    change_numbers,
    changes,
    files,
    ledger,
    link_list,
    number_changes,
    numbers,
    restore,
    state_changes,
    trunk_changes,
    trunks,
    uploads,
    user_changes,
    users,
)
from fusion.portal.subscriptions.pages import detail, live

USERS = [
    path("", users.users, name="subscriptions-users"),
    path("/new", user_changes.new, name="subscriptions-users-new"),
    path("/uploads", uploads.uploads, name="subscriptions-uploads"),
    path(
        "/uploads/sample.<file_format:format>",
        uploads.sample,
        name="subscriptions-uploads-sample",
    ),
    path("/uploads/<uuid:job_id>", uploads.upload, name="subscriptions-upload"),
    path("/uploads/<uuid:job_id>/cancel", uploads.cancel, name="subscriptions-upload-cancel"),
    path(
        "/uploads/<uuid:job_id>/rows.<file_format:format>",
        uploads.results,
        name="subscriptions-upload-rows",
    ),
    path("/<uuid:user_id>", users.user, name="subscriptions-user"),
    path("/<uuid:user_id>/edit", user_changes.edit, name="subscriptions-user-edit"),
    path("/<uuid:user_id>/link", user_changes.link, name="subscriptions-user-link"),
    path("/<uuid:user_id>/unlink", user_changes.unlink, name="subscriptions-user-unlink"),
    path("/<uuid:user_id>/delete", user_changes.delete, name="subscriptions-user-delete"),
]

NUMBERS = [
    path("", numbers.numbers, name="subscriptions-numbers"),
    path("/take", assign_numbers.take, name="subscriptions-numbers-take"),
    path("/choose", assign_numbers.choose, name="subscriptions-numbers-choose"),
    path("/change", change_numbers.change_many, name="subscriptions-numbers-change"),
    path("/link", link_list.link_list, name="subscriptions-numbers-link"),
    path("/port-in", new_port.incoming, name="subscriptions-numbers-port-in"),
    path("/port-out", new_port.outgoing, name="subscriptions-numbers-port-out"),
    path("/<e164:e164>", numbers.number, name="subscriptions-number"),
    path("/<e164:e164>/assign", number_changes.assign, name="subscriptions-number-assign"),
    path("/<e164:e164>/release", number_changes.release, name="subscriptions-number-release"),
    path("/<e164:e164>/restore", number_changes.restore, name="subscriptions-number-restore"),
    path("/<e164:e164>/restock", number_changes.put_back, name="subscriptions-number-restock"),
    path("/<e164:e164>/port-out", number_changes.leave, name="subscriptions-number-port-out"),
]

TRUNKS = [
    path("", trunks.trunks, name="subscriptions-trunks"),
    path("/new", trunk_changes.new, name="subscriptions-trunks-new"),
    path("/<uuid:trunk_id>", trunks.trunk, name="subscriptions-trunk"),
    path("/<uuid:trunk_id>/edit", trunk_changes.edit, name="subscriptions-trunk-edit"),
    path("/<uuid:trunk_id>/route", trunk_changes.route, name="subscriptions-trunk-route"),
    path("/<uuid:trunk_id>/delete", trunk_changes.delete, name="subscriptions-trunk-delete"),
    path(
        "/<uuid:trunk_id>/numbers/<e164:e164>/unroute",
        trunk_changes.unroute,
        name="subscriptions-trunk-unroute",
    ),
]

OF_ONE: Sequence[URLPattern | URLResolver] = [
    path("", detail, name="subscriptions-detail"),
    path("/live", live, name="subscriptions-live"),
    path("/edit", changes.edit, name="subscriptions-edit"),
    path("/move", moves.subscription, name="subscriptions-move"),
    path("/suspend", state_changes.suspend, name="subscriptions-suspend"),
    path("/resume", state_changes.resume, name="subscriptions-resume"),
    path("/terminate", state_changes.terminate, name="subscriptions-terminate"),
    path("/restore", restore.restore, name="subscriptions-restore"),
    path("/users", include(USERS)),
    path("/numbers", include(NUMBERS)),
    path("/trunks", include(TRUNKS)),
    path("/ledger", ledger.ledger, name="subscriptions-ledger"),
    path("/audit", audit.audit, name="subscriptions-audit"),
    path("/users.<file_format:format>", users.export, name="subscriptions-users-export"),
    path("/numbers.<file_format:format>", numbers.export, name="subscriptions-numbers-export"),
    path("/ledger.<file_format:format>", ledger.export, name="subscriptions-ledger-export"),
    path("/balances.<file_format:format>", ledger.balances, name="subscriptions-balances-export"),
    path("/audit.<file_format:format>", audit.export, name="subscriptions-audit-export"),
    path("/holdings.<file_format:format>", files.holdings, name="subscriptions-holdings-export"),
    path("/trunks.<file_format:format>", files.trunks, name="subscriptions-trunks-export"),
    path(
        "/trunks/<uuid:trunk_id>/calls.<file_format:format>",
        files.calls,
        name="subscriptions-trunk-calls-export",
    ),
    path(
        "/trunks/<uuid:trunk_id>/numbers.<file_format:format>",
        files.routed,
        name="subscriptions-trunk-numbers-export",
    ),
]

urlpatterns = [
    path("subscriptions/new", changes.new, name="subscriptions-new"),
    path("subscriptions/<uuid:subscription_id>", include(OF_ONE)),
]
