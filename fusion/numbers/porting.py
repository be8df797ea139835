"""Who may port numbers: the group, and below it as the group's setting says."""

from dataclasses import dataclass

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import WRITERS, Permission
from fusion.kernel.errors import Problem
from fusion.tenancy.group_settings import ANYONE, BY_REQUEST, porting_of


@dataclass(frozen=True)
class PortingPermission(Permission):
    """A permission that organizations below the group have only with some values of the setting."""

    settings: tuple[str, ...] = ()

    def allows(self, actor: Actor) -> bool:
        """Whether the actor's role, and the group's setting, allow it."""
        return super().allows(actor) and self._is_open_to(actor)

    def require_role(self, actor: Actor) -> None:
        """Problem `forbidden`, or `port-request-needed` where the group decides."""
        super().require_role(actor)
        if self._is_open_to(actor):
            return
        if porting_of(actor.group_id) == BY_REQUEST:
            raise Problem(
                "port-request-needed",
                "Your provider decides on ports. Send a port request instead "
                "(POST /subscriptions/{id}/port-requests).",
            )
        raise Problem("forbidden", "Only your provider can port numbers. Ask your provider.")

    def _is_open_to(self, actor: Actor) -> bool:
        return actor.kind == GROUP or porting_of(actor.group_id) in self.settings


PORT = PortingPermission("port numbers", ("provisioning:write",), WRITERS, settings=(ANYONE,))
REQUEST_PORTS = PortingPermission(
    "request ports", ("provisioning:write",), WRITERS, settings=(BY_REQUEST, ANYONE)
)
WITHDRAW_PORTS = Permission("withdraw port requests", ("provisioning:write",), WRITERS)
"""Whatever the setting has become since the request."""
DECIDE_PORTS = Permission("decide port requests", ("provisioning:write",), WRITERS, (GROUP,))
