"""The pages of the provider's ranges: add on its word, correct, remove."""

from typing import Any

from fusion.access.actor import AGENT, VIEWER
from fusion.numbers.models import Range
from tests.numbers.stock import assign, block, entitle, french, stock
from tests.numbers.test_range_changes import unknown
from tests.portal.furnished import follow, person, post, text
from tests.world import World

NEW = "/inventory/ranges/new"


def fields(**more: Any) -> dict[str, Any]:
    """What the form of a range sends; check boxes only if they are ticked."""
    return {"sku": "fr-geographic", "reason": "", **more}


def rows(world: World) -> list[Range]:
    return list(Range.objects.unscoped("test").filter(group_id=world.group.id))


def edited(found: Range, **more: Any) -> dict[str, Any]:
    """The form of the page as it was shown, with `more`."""
    shown = {
        "sku": "fr-geographic",
        "first": f"+{found.first}",
        "last": f"+{found.last}",
        "reason": "",
    }
    initial = {f"initial-{name}": value for name, value in shown.items()}
    return {**shown, **initial, **more}


def test_a_range_on_the_provider_s_word(world: World) -> None:
    client = person(world, "group", AGENT)
    first, last = unknown(world, 4)
    written = f"1 ({first[2:5]}) {first[5:8]}-{first[8:]}"
    sent = fields(sku="us-geographic", first=written, last=last)
    before = world.fingerprint()
    refused = post(client, NEW, **sent)
    assert "is not a valid phone number of US" in refused.content.decode()
    refused = post(client, NEW, **sent, accept_unknown="on")
    assert "Is required" in refused.content.decode()
    refused = post(client, NEW, **{**sent, "first": f"{first}-99"})
    assert "looks like a block of numbers; give its first and last" in refused.content.decode()
    assert world.fingerprint() == before
    reason = {"accept_unknown": "on", "reason": "Allocated by the regulator."}
    assert "4 numbers were added." in follow(client, post(client, NEW, **{**sent, **reason}))
    page = text(client, "/inventory/ranges")
    assert "Accepted as unknown" in page and "Allocated by the regulator." in page
    assert "Accepted as unknown" in text(client, "/inventory")


def test_skipped_numbers_are_listed(world: World) -> None:
    french(world)
    entitle(world, 1)
    numbers = block(3)
    there = f"/subscriptions/{world.subscription.id}/numbers/port-in"
    assert world.call("POST", there, {"numbers": [numbers[1]]}).status_code == 201
    client = person(world)
    page = follow(client, post(client, NEW, **fields(first=numbers[0], last=numbers[2])))
    assert "2 numbers were added." in page
    assert f"1 number was ported in and is not part of the range: {numbers[1]}." in page


def test_correcting_and_removing(world: World) -> None:
    numbers = stock(world, 6)
    french(world, "fr-other")
    [found] = rows(world)
    there = f"/inventory/ranges/{found.id}"
    client = person(world, "group", AGENT)
    page = text(client, there)
    assert numbers[0] in page and 'command="show-modal"' in page
    entitle(world, 1)
    assign(world, numbers[0])
    before = world.fingerprint()
    refused = post(client, there, **edited(found, sku="fr-other"))
    assert refused.status_code == 422 and f"{numbers[0]} (assigned)" in refused.content.decode()
    refused = post(client, f"{there}/delete")
    assert "cannot leave the range" in text(client, refused.headers["Location"])
    assert world.fingerprint() == before
    assert "The range was changed." in follow(
        client, post(client, there, **edited(found, last=numbers[3]))
    )
    [found] = rows(world)
    assert f"+{found.last}" == numbers[3]
    viewer, tenant, other_group = person(world, "group", VIEWER), person(world, "tenant"), World()
    stranger = person(other_group)
    before = world.fingerprint()
    assert post(viewer, f"{there}/delete").status_code == 403
    assert tenant.get(there).status_code in (403, 404)
    assert stranger.get(there).status_code == 404
    assert post(stranger, f"{there}/delete").status_code == 404
    assert world.fingerprint() == before
    other = stock(world, 2)
    [mistake] = [each for each in rows(world) if f"+{each.first}" == other[0]]
    deleted = post(client, f"/inventory/ranges/{mistake.id}/delete")
    assert "The range and its numbers were removed." in follow(client, deleted)
    assert len(rows(world)) == 1


def test_unticking_takes_an_acceptance_back(world: World) -> None:
    """The page said that the range was changed, and it was not."""
    first, last = unknown(world, 4)
    client = person(world)
    word = {"accept_unknown": "on", "reason": "Allocated by the regulator."}
    post(client, NEW, **{**fields(sku="us-geographic", first=first, last=last), **word})
    [found] = rows(world)
    there = f"/inventory/ranges/{found.id}"
    assert 'name="initial-accept_unknown" value="True"' in text(client, there)
    shown = edited(found, sku="us-geographic", reason=word["reason"])
    shown |= {f"initial-{name}": value for name, value in shown.items() if "-" not in name}
    shown |= {"initial-accept_unknown": "True"}
    before = world.fingerprint()
    refused = post(client, there, **shown)
    assert "is not a valid phone number of US" in refused.content.decode()
    refused = post(client, there, **{**shown, "accept_unknown": "on", "reason": ""})
    assert "Is required" in refused.content.decode()
    assert world.fingerprint() == before
    changed = {**shown, "accept_unknown": "on", "last": first}
    assert "The range was changed." in follow(client, post(client, there, **changed))
    [found] = rows(world)
    assert (found.last, found.accepted_reason) == (int(first[1:]), word["reason"])
