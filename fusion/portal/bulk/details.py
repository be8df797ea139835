"""The refusals of changes of everything below an organization, for translation."""

from django.utils.translation import gettext_noop

JOB_DETAILS = (
    gettext_noop(
        "%(name)s is the whole provider. Choose an organization below it: a distributor, a "
        "reseller or a tenant."
    ),
    gettext_noop(
        "The subscription was moved away from this organization after the job was submitted. "
        "Change it by itself if that is still wanted."
    ),
    gettext_noop(
        "This subscription was not changed because of an error in Fusion. The operator finds the "
        "cause in the worker's log."
    ),
    gettext_noop(
        "This job ended after %(done)s of %(total)s subscriptions, so nothing can be cancelled."
    ),
)
