"""Each hot route stands for a described one: the same method, path, permission and headers."""

import re

import pytest
from django.urls import resolve

from fusion.access.hot_route import HotRoute
from fusion.access.http_auth import RequirePermission
from fusion.api import ROUTERS
from fusion.hot.routes import ROUTES
from fusion.kernel.ids import new_id

PARTS = {"direction": "outbound", "call_id": "a/b@192.0.2.1"}


def path_of(route: HotRoute) -> str:
    """A path that it matches."""
    names = route.pattern.groupindex
    template = "/" + route.label
    for name in names:
        for converter in ("uuidstr:", "path:", ""):
            value = PARTS.get(name, str(new_id()))
            template = template.replace(f"<{converter}{name}>", value)
    assert route.pattern.fullmatch(template)
    return template


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.route}")
def test_it_is_the_described_route(route: HotRoute) -> None:
    match = resolve(path_of(route))
    assert match.route == route.label
    [operation] = [
        operation
        for router in ROUTERS
        for path, view in router.path_operations.items()
        for operation in view.operations
        if route.method in operation.methods and route.route == _as_django(path)
    ]
    [requirement] = operation.auth_callbacks
    assert isinstance(requirement, RequirePermission)
    assert (requirement.permission, requirement.hot) == (route.permission, True)


def _as_django(path: str) -> str:
    """A path of Ninja as Django names it."""
    return re.sub(r"\{(uuid)?", r"<\1", path).replace("<uuid:", "<uuidstr:").replace("}", ">")[1:]
