"""What one may do to a subscription as a whole."""

from typing import Any

from fusion.portal.forms import Confirmation
from fusion.tenancy.actor import Actor
from fusion.tenancy.models import Subscription
from fusion.tenancy.permissions import MANAGE_SUBSCRIPTIONS, SUSPEND, TERMINATE


def states(actor: Actor, subscription: Subscription) -> dict[str, Any]:
    """The context of `portal/subscriptions/states.html`: the buttons that are there."""
    living = subscription.status != "terminated"
    return {
        "may_edit": living and MANAGE_SUBSCRIPTIONS.allows(actor),
        "may_suspend": living and SUSPEND.allows(actor),
        "may_terminate": living and TERMINATE.allows(actor),
        "confirmation": Confirmation(),
    }
