"""Users of a subscription in the portal: found, added, linked, unlinked, deleted, uploaded."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fusion.portal.subscriptions import uploads
from fusion.users.models import User
from tests.portal.furnished import Furnished, at, follow, person, post, statements, text
from tests.users.staff import created, equip, linked, row, seen, submitted, work
from tests.world import World

HEADER = b"login,display_name,kind,number\n"


def rows(page: str) -> int:
    """How many rows the page's first table has."""
    return page.partition("<tbody>")[2].partition("</tbody>")[0].count("<tr>")


def upload(client: Client, world: World, content: bytes, name: str = "users.csv") -> Any:
    """Send a list."""
    file = SimpleUploadedFile(name, content, "text/csv")
    return post(client, at(world, "users", "uploads"), file=file)


def test_search_and_filters(world: World) -> None:
    [number] = equip(world, 1, 1)
    anna = created(world, "anna@example.com", display_name="Zoë <b>Example</b>")
    linked(world, anna, number)
    created(world, "queue", display_name="Reception", kind="resource_account")
    client = person(world, "tenant")
    users = at(world, "users")
    assert rows(text(client, users)) == 2
    for query, count in {
        "?q=ANNA": 1,
        "?q=zoë": 1,
        "?q=nobody": 0,
        "?kind=resource_account": 1,
        "?linked=yes": 1,
        "?linked=no&q=recep": 1,
        "?linked=&kind=": 2,
        "?q=%00": 2,
    }.items():
        page = text(client, users + query, part="list")
        assert rows(page) == count, query
        assert "<b>Example" not in page and "<html" not in page
    assert "No user matches" in text(client, users + "?q=nobody")


def test_a_second_page_and_the_number_of_queries(world: World) -> None:
    stage = Furnished(world)
    client = person(world)
    paths = [*stage.pages(), at(world, "users", "uploads") + f"?once={world.group.id}"]
    few = statements(client, paths)
    for number in equip(world, 55, 55):
        linked(world, created(world, f"u{number}"), number)
    submitted(world, [row(f"j{index}") for index in range(3)])
    assert statements(client, paths) == few
    assert max(few) <= 22
    page = text(client, at(world, "users"))
    assert rows(page) == 50
    cursor = page.split("cursor=")[1].split('"')[0]
    assert "anna" in text(client, at(world, "users") + f"?cursor={cursor}", part="more")


def test_add_rename_link_unlink_delete(world: World) -> None:
    first, second = equip(world, 1, 2)
    client = person(world, "reseller", "agent")
    fields = {"login": "anna", "display_name": "Anna", "kind": "user"}
    added = post(client, at(world, "users", "new"), **fields)
    assert "The user was added" in follow(client, added)
    id = added.headers["Location"].rpartition("/")[2]
    user = {"id": id}

    names = {"display_name": "Anna B.", "login": "anna.b"}
    renamed = post(client, at(world, "users", id, "edit"), **names)
    assert "The name was changed." in follow(client, renamed)
    assert seen(world, user)["display_name"] == "Anna B."

    link = at(world, "users", id, "link")
    offered = text(client, link)
    assert first in offered and second in offered
    assert first not in text(client, f"{link}?q={second[1:]}", part="found")
    assert "No free number contains these digits" in text(client, link + "?q=999999")
    spaced = f"{first[:3]} {first[3:5]} {first[5:]}"
    assert "has the number" in follow(client, post(client, link, number=spaced))
    assert seen(world, user)["number"] == first
    assert f'value="{first}"' not in text(client, link)

    assert "no longer has a number" in follow(
        client, post(client, at(world, "users", id, "unlink"))
    )
    assert seen(world, user)["number"] is None
    assert "was deleted" in follow(client, post(client, at(world, "users", id, "delete")))
    assert seen(world, user) is None
    text(client, at(world, "users", id), 404)


def test_a_refusal_gives_a_way_out(world: World) -> None:
    first, second = equip(world, 1, 2)
    linked(world, created(world, "one"), first)
    two = created(world, "two")
    client = person(world, "tenant")
    before = world.fingerprint()
    link = at(world, "users", two["id"], "link")
    refused = post(client, link, number=second)
    page = refused.content.decode()
    assert refused.status_code == 422 and "No licence is left" in page
    assert "1 ordered, 1 in use" in page
    assert f'href="{at(world, "users")}?linked=yes"' in page
    for wrong, words in {
        first: "is linked to a user",
        "+33199999999": "is not assigned",
        "123": "“123” has too few digits",
        "": "required",
    }.items():
        answer = post(client, link, number=wrong)
        assert answer.status_code == 422 and words in answer.content.decode(), wrong
    taken = {"login": "ONE", "display_name": "x", "kind": "user"}
    for fields in (taken, {**taken, "login": ""}, {**taken, "kind": "x"}, {**taken, "login": "\0"}):
        assert post(client, at(world, "users", "new"), **fields).status_code == 422
    too_long = {"display_name": "x" * 201}
    assert post(client, at(world, "users", two["id"], "edit"), **too_long).status_code == 422
    assert world.fingerprint() == before


def test_a_list_is_uploaded_and_each_row_has_its_outcome(world: World) -> None:
    [number] = equip(world, 1, 1)
    created(world, "taken")
    client = person(world, "tenant", "agent")
    content = (
        HEADER
        + (
            f"anna,Anna,user,{number}\ntaken,Taken,user,\nbob,Bob,user,+33199999999\n,Nameless,user,\n"
        ).encode()
    )
    taken = upload(client, world, content)
    page = follow(client, taken)
    assert "The upload was accepted" in page and "of 4 rows done" in page and "every 2s" in page
    job = taken.headers["Location"]
    assert "You can leave this page" in text(client, job, part="progress")
    work()
    part = client.get(job, headers={"HX-Request": "true", "HX-Target": "progress"})
    assert part.headers["HX-Refresh"] == "true"
    page = text(client, job)
    assert "every 2s" not in page and "2 failed" in page
    assert "1 added, 0 changed, 0 deleted, 1 unchanged" in page
    assert rows(page) == 4 and ">Unchanged<" in page.replace(" ", "").replace("\n", "")
    failed = text(client, job + "?show=failed", part="list")
    assert rows(failed) == 2 and ">anna<" not in failed
    for told_of in ("bob", "is not assigned", "login: "):
        assert told_of in failed, told_of
    assert rows(text(client, job + "?show=done")) == 2
    assert "Finished" in text(client, at(world, "users", "uploads"))


def test_row_errors_are_translated(world: World) -> None:
    client = person(world, "tenant", "agent")
    job = upload(client, world, HEADER + b"x,X,robot,\n").headers["Location"]
    work()
    said = {
        "en": "“robot” is unknown; leave the cell empty, or write one of these: user, ",
        "de": "„robot“ ist unbekannt; lassen Sie die Zelle leer, oder schreiben Sie: user, ",
    }
    for language, words in said.items():
        page = client.get(job, headers={"Accept-Language": language}).content.decode()
        assert f"kind: {words}" in page


def test_the_same_list_is_taken_once(world: World) -> None:
    client = person(world)
    once = str(world.group.id)
    answers = [
        client.post(
            at(world, "users", "uploads"),
            {"once": once, "file": SimpleUploadedFile("a.csv", HEADER + b"a,A,user,\n")},
        )
        for _ in range(2)
    ]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    work()
    assert User.objects.unscoped("test").filter(subscription=world.subscription).count() == 1


def test_a_second_page_of_outcomes(world: World) -> None:
    job = submitted(world, [row(f"u{index:03}") for index in range(60)])
    work()
    client = person(world, "tenant", "viewer")
    page = text(client, at(world, "users", "uploads", job))
    assert rows(page) == 50
    cursor = page.split("cursor=")[1].split('"')[0]
    part = text(client, at(world, "users", "uploads", job) + f"?cursor={cursor}", part="more")
    assert "u059" in part and "u001" not in part


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (HEADER, "has no users"),
        (b"PK\x03\x04 rest", "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"\x00\x01\x02", "is not valid UTF-16BE in line 1"),
        (HEADER + b"a\xa4\xa6,A,user,\n", "UTF-8"),
        (b"kind,number\nuser,\n", "is missing from the header"),
        (b"login,notes\na,VIP\n", "unknown columns: notes"),
        (b"login,login,display_name,kind,number\n", "twice"),
        (HEADER + b'a,"A,user,\n', "that is not closed"),
        (HEADER + b"a,A,user,\n" * 10_001, "more than 10000 rows"),
    ],
)
def test_invalid_files_are_refused(world: World, content: bytes, words: str) -> None:
    client = person(world)
    before = world.fingerprint()
    answer = upload(client, world, content)
    assert answer.status_code == 422 and words.lower() in answer.content.decode().lower()
    assert world.fingerprint() == before


def test_oversized_files_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = person(world)
    before = world.fingerprint()
    enough = HEADER + b"a,A,user,\n" * 9_000
    monkeypatch.setattr(uploads, "MAX_FILE", 1024)
    answer = upload(client, world, enough)
    assert answer.status_code == 422 and "The file is larger than" in answer.content.decode()
    assert post(client, at(world, "users", "uploads"), file="no file").status_code == 422
    huge = upload(client, world, b"x" * (17 * 2**20))
    assert huge.status_code == 413 and "too large" in huge.content.decode()
    assert world.fingerprint() == before


def test_the_sample_is_a_list(world: World) -> None:
    client = person(world, "tenant", "agent")
    for format, media in (("csv", "text/csv"), ("xlsx", "application/vnd.openxmlformats")):
        sample: Any = client.get(at(world, "users", "uploads", f"sample.{format}"))
        assert sample.headers["Content-Type"].startswith(media)
        assert "attachment" in sample.headers["Content-Disposition"]
        assert upload(client, world, b"".join(sample), f"a.{format}").status_code == 303
