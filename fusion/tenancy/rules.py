"""The rules of the tree."""

from fusion.access.actor import DISTRIBUTOR, GROUP, RESELLER, TENANT

PARENTS = {
    DISTRIBUTOR: (GROUP,),
    RESELLER: (GROUP, DISTRIBUTOR),
    TENANT: (GROUP, DISTRIBUTOR, RESELLER),
}
"""Kind of organization → the kinds allowed as its parent. A group has no parent."""

MOVABLE = tuple(kind for kind, parents in PARENTS.items() if len(parents) > 1)
"""Kinds that can have another parent: that of a distributor is always the group."""


def misplaced(kind: str, parent_kind: str) -> dict[str, str]:
    """Field → message if an organization of `kind` may not be under one of `parent_kind`.

    Invariant: every path reads group, distributor?, reseller?, tenant?, in this order.
    """
    if kind == GROUP:
        return {"kind": "cannot be group: only the operator of Fusion creates groups"}
    if parent_kind in PARENTS[kind]:
        return {}
    allowed = " or ".join(PARENTS[kind])
    return {"parent_id": f"is a {parent_kind}, but the parent of a {kind} must be a {allowed}"}
