"""The kinds of orders that change a subscription's state, and the function that carries
out each.
"""

from collections.abc import Mapping

from fusion.lifecycle.do_now import CarryOut, IsSo
from fusion.lifecycle.resume import carry_out_resumption, is_not_held
from fusion.lifecycle.suspend import UNSPECIFIED, carry_out_suspension, is_suspended_for
from fusion.lifecycle.terminate import carry_out_termination
from fusion.ordering.models import RESUMPTION, SUSPENSION, TERMINATION

CARRY_OUT: Mapping[str, CarryOut] = {
    SUSPENSION: carry_out_suspension,
    RESUMPTION: carry_out_resumption,
    TERMINATION: carry_out_termination,
}

IS_SO: Mapping[str, IsSo] = {SUSPENSION: is_suspended_for, RESUMPTION: is_not_held}
"""Whether a subscription is already in the state of such an order."""


def reason_of(kind: str, reason: str | None) -> str | None:
    """The reason stored with the order: a suspension always has one."""
    return reason or (UNSPECIFIED if kind == SUSPENSION else None)
