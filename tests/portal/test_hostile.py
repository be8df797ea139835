"""Markup in every text that people and programs may enter: shown as it is, and never obeyed."""

import re
from itertools import count, cycle
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from fusion.access.actor import ADMINISTRATOR, GROUP
from fusion.branding.set_brand import set_brand
from fusion.kernel.ids import new_id
from fusion.kernel.pagination import encode_cursor
from fusion.ordering.reject_request import reject_request
from tests.bounds import TIMES
from tests.browser.scene import Scene
from tests.browser.scene_subscriptions import furnished
from tests.ordering.placing import line, placed
from tests.ordering.requesting import requested
from tests.portal.people import signed_in
from tests.portal.walking import Form, Page, shape, walk

HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7|add:7 }}{% now %}"
"""Ends an attribute, opens tags, and speaks to templates."""

OBEYED = ("<img src=x", "<script>alert", "onerror=alert(1)>")
"""What of it must not be in a page unescaped."""

TEXTS = (
    "UPDATE tenancy_organization SET name = %(text)s::text,"
    " external_reference = id::text || left(%(text)s::text, 60) WHERE group_id = %(group)s",
    "UPDATE tenancy_subscription SET name = %(text)s::text,"
    " external_reference = id::text || left(%(text)s::text, 60) WHERE group_id = %(group)s",
    "UPDATE tenancy_member m SET name = %(text)s::text FROM tenancy_organization o"
    " WHERE o.id = m.organization_id AND o.group_id = %(group)s",
    "UPDATE tenancy_apiclient c SET name = %(text)s::text FROM tenancy_organization o"
    " WHERE o.id = c.organization_id AND o.group_id = %(group)s",
    "UPDATE catalogue_sku SET name = %(text)s::text WHERE group_id = %(group)s",
    "UPDATE catalogue_product SET name = %(text)s::text, description = %(text)s::text,"
    " external_reference = id::text || left(%(text)s::text, 60) WHERE group_id = %(group)s",
    "UPDATE ordering_order SET external_reference = id::text || left(%(text)s::text, 60)"
    " WHERE group_id = %(group)s AND state = 'scheduled'",
    "UPDATE ordering_orderrequest SET note = %(text)s::text"
    " WHERE group_id = %(group)s AND state = 'open'",
    "UPDATE users_user u SET display_name = %(text)s::text, login = %(text)s::text || u.id"
    " FROM tenancy_subscription s WHERE s.id = u.subscription_id AND s.group_id = %(group)s",
    "UPDATE trunks_trunk t SET name = %(text)s::text FROM tenancy_subscription s"
    " WHERE s.id = t.subscription_id AND s.group_id = %(group)s",
)
"""Every text that is stored: columns that people or programs write."""


def make_hostile(scene: Scene, text: str) -> None:
    """Let every text of that provider be `text`; finished orders and requests are made with it."""
    world = scene.world
    placed(world, line(world.seat, 1), external_reference=text[:90])
    rejected = UUID(requested(world, note=text))
    reject_request(world.actor(), request_id=rejected, reason=text)
    with connection.cursor() as cursor:
        for statement in TEXTS:
            cursor.execute(statement, {"text": text, "group": world.group.id})
    set_brand(world.actor(), name=text[:60], colour="#336699")


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A provider all of whose texts are hostile."""
    scene = Scene()
    furnished(scene)
    make_hostile(scene, HOSTILE)
    return scene


WANTED = (
    (
        "q",
        "status",
        "state",
        "sku",
        "kind",
        "starts",
        "ends",
        "about",
        "verb",
        "by",
        "object",
        "show",
    ),
    ("from", "to", "since", "until", "product", "linked", "subscription", "organization", "parent"),
    ("cursor", "full", "kinds", "before", "children", "invitations", "once", "again"),
)
"""What pages read of their address; each of these lists is asked for at once."""

NUL = "a\0b"
ODD = ("1" * 400, "x" * 3000, "9999-12-31", "\u0661\u0662", "WzFd", "%_\\")
"""Far too many digits and letters, a last day, other digits, another list's cursor, patterns."""


CURSORS = ("cursor", "full", "kinds", "before", "children", "invitations", "calls", "numbers")
"""What pages read of their address to go on in their lists."""


def obeyed(text: str) -> list[str]:
    """What of the markup stands in a page as markup; and what a template has worked out."""
    return [mark for mark in (*OBEYED, '<img src="x"') if mark in text] + (
        ["14"] if re.search(r"onerror=alert\(1\)&gt;.{0,60}>14<", text) else []
    )


@pytest.mark.parametrize("kind", ["group", "reseller", "tenant"])
def test_every_page_shows_texts_as_they_are(scene: Scene, kind: str) -> None:
    pages = list(walk(signed_in(scene.person(kind, ADMINISTRATOR))))
    assert len({shape(page.path) for page in pages}) >= (45 if kind == GROUP else 25)
    hostile = [page for page in pages if "&lt;img src=x" in page.text]
    assert len(hostile) > len(pages) * 0.9, "they do show them"
    for page in pages:
        assert page.status in (200, 409), (page.path, page.status)
        assert obeyed(page.text) == [], page.path
        _guarded(page)


@pytest.fixture(scope="module")
def met(scene: Scene) -> dict[str, str]:
    """Shape → path of each page that an administrator of the provider meets."""
    client = signed_in(scene.person("group", ADMINISTRATOR))
    return {shape(page.path): page.path.partition("?")[0] for page in walk(client, each=1)}


def _guarded(page: Page) -> None:
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "script-src 'self';" in policy, page.path
    assert page.headers["X-Frame-Options"] == "DENY", page.path
    assert page.inline == (), page.path
    assert "<script>" not in page.text and "javascript:" not in page.text.lower(), page.path


def test_hostile_parameters_are_escaped(scene: Scene, met: dict[str, str]) -> None:
    """Every page gets every name; with `EXAMPLES` above 1, every kind of text in each of them."""
    client = signed_in(scene.person("group", ADMINISTRATOR))
    turn = count()
    for path in sorted(set(met.values())):
        for names in WANTED:
            kinds = (
                dict.fromkeys(names, HOSTILE),
                dict.fromkeys(names, NUL),
                dict(zip(names, cycle(ODD), strict=False)),
            )
            for wanted in kinds if TIMES > 1 else [kinds[next(turn) % len(kinds)]]:
                answer = client.get(path, wanted, follow=True)
                assert answer.status_code in (200, 404, 409, 422), (
                    path,
                    wanted,
                    answer.status_code,
                )
                if not answer.streaming:
                    assert obeyed(answer.content.decode()) == [], (path, wanted)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_cursor_of_very_long_numbers_is_refused(
    scene: Scene, met: dict[str, str], size: int
) -> None:
    client = signed_in(scene.person("group", ADMINISTRATOR))
    wanted = dict.fromkeys(CURSORS, encode_cursor(*["9" * 5_000] * size))
    for path in set(met.values()):
        answer = client.get(path, wanted, follow=True)
        assert answer.status_code in (200, 404, 422), path


def test_every_form_takes_hostile_texts_or_refuses_them(scene: Scene) -> None:
    client = signed_in(scene.person("group", ADMINISTRATOR))
    forms = _forms(client)
    assert len(forms) >= 25
    for form in forms.values():
        fields = {**form.others, **dict.fromkeys(form.fields, HOSTILE), "once": str(new_id())}
        answer = client.post(form.action, fields)
        assert answer.status_code in (200, 302, 303, 404, 409, 422), (form, answer.status_code)
        assert obeyed(answer.content.decode()) == [], form
        for name in form.fields:
            answer = client.post(form.action, {**fields, name: "\0\ud7ff\U0001f600" * 90_000})
            assert answer.status_code in (200, 302, 303, 404, 409, 413, 422), (form, name)


def test_no_form_is_taken_from_elsewhere(scene: Scene) -> None:
    forms = _forms(signed_in(scene.person("group", ADMINISTRATOR)))
    client = signed_in(scene.person("group", ADMINISTRATOR), enforce_csrf_checks=True)
    before = scene.world.fingerprint()
    for form in forms.values():
        others = {name: text for name, text in form.others.items() if name != "csrfmiddlewaretoken"}
        answer = client.post(form.action, {**others, **form.fields})
        assert answer.status_code == 403, form
    assert scene.world.fingerprint() == before


def _forms(client: Client) -> dict[tuple[str, ...], Form]:
    """Every form that a walk meets, once for each shape of its address."""
    return {
        (shape(form.action.partition("?")[0]), *sorted(form.fields)): form
        for page in walk(client)
        for form in page.forms
        if not form.action.startswith(("/account", "/sign", "/brand/edit"))
    }
