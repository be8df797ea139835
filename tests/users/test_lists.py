"""Lists of users that are uploaded again and again: each row is the desired state of a user."""

import csv
from io import BytesIO, StringIO
from threading import Barrier, Thread
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fusion.cli.verify import differences
from fusion.users.provision import provision_batch
from tests.bounds import drain
from tests.numbers.stock import french, stock
from tests.ordering.placing import events, line, placed
from tests.users.staff import (
    created,
    equip,
    job,
    licences,
    linked,
    provision_batches,
    refused,
    results,
    row,
    seen,
    submit,
    submitted,
    work,
)
from tests.world import World, answer

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def outcome(world: World, content: Any, media: str = "text/csv") -> list[Any]:
    """The outcome of each row of a list, or the code of its refusal, after it is finished."""
    id = submitted(world, content.encode() if isinstance(content, str) else content, media)
    work()
    assert job(world, id)["state"] == "finished"
    assert differences() == []
    return [
        each["problem"]["code"] if "problem" in each else each["outcome"]
        for each in results(world, id)
    ]


def counts(world: World, id: str) -> dict[str, int]:
    """How many rows had each outcome."""
    document = job(world, id)
    return {
        name: document[name]
        for name in ("created", "changed", "unchanged", "deleted", "failed")
        if document[name]
    }


def users(world: World) -> dict[str, tuple[str, str, str | None]]:
    """Login → display name, kind and number."""
    found = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/users?limit=500"))
    return {
        each["login"]: (each["display_name"], each["kind"], each["number"])
        for each in found["items"]
    }


def test_the_same_list_again_changes_nothing_and_says_so(world: World) -> None:
    a, b = equip(world, 2, 2)
    text = f"login,display_name,kind,number\nann,Ann,user,{a}\nhall,Hall,resource_account,{b}\n"
    assert outcome(world, text) == ["created", "created"]
    state, used = users(world), licences(world)
    written = len(events(world, "user.linked"))
    id = submitted(world, text.encode(), "text/csv")
    work()
    assert counts(world, id) == {"unchanged": 2}
    assert (users(world), licences(world)) == (state, used)
    assert len(events(world, "user.linked")) == written


def test_a_corrected_list_updates_name_number_and_kind(world: World) -> None:
    a, b, c = equip(world, 2, 3)
    outcome(world, f"login,name,type,phone\nann,Ann,,{a}\nbob,Bob,resource_account,{b}\n")
    corrected = f"login;Anzeigename;Art;Rufnummer\nANN;Anna;Ressourcenkonto;{c}\nbob;;;\n"
    assert outcome(world, corrected) == ["changed", "unchanged"]
    assert users(world) == {
        "ann": ("Anna", "resource_account", c),
        "bob": ("Bob", "resource_account", b),
    }
    assert outcome(world, "login,kind\nbob,user\n") == ["changed"]
    assert users(world)["bob"] == ("Bob", "user", b)


def test_words_unlink_and_delete(world: World) -> None:
    a, b, c = equip(world, 3, 3)
    for login, number in (("ann", a), ("bob", b), ("cid", c)):
        linked(world, created(world, login), number)
    created(world, "dan")
    text = (
        "login,number,action\n"
        f"ann,,unlink\nbob,{b},Delete\ncid,{a},unlink\ndan,,unlink\neve,,delete\nfay,,remove\n"
    )
    assert outcome(world, text) == [
        "changed",
        "deleted",
        "conflict",
        "unchanged",
        "not-found",
        "invalid-fields",
    ]
    assert users(world) == {
        "ann": ("Ann", "user", None),
        "cid": ("Cid", "user", c),
        "dan": ("Dan", "user", None),
    }
    assert licences(world) == (3, 1)
    assert [event["type"] for event in events(world, "user.unlinked")] == ["user.unlinked"] * 2
    # What a row frees, a later one can have.
    assert outcome(world, f"login,name,number,action\ncid,,,delete\nnew,New,{c},\n") == [
        "deleted",
        "created",
    ]


def test_a_row_takes_a_free_number_or_the_next_one_of_a_type(world: World) -> None:
    equip(world, 9, 4)  # four entitlements, and all of them are used
    placed(world, line(world.equipment[1], 3))  # type: ignore[attr-defined]
    free = stock(world, 9)
    code = french(world).code
    text = (
        "login,name,number,sku\n"
        f"ann,Ann,{free[0]},\n"
        f"bob,Bob,,{code}\n"
        f"cid,Cid,{free[1]},{code}\n"
        f"dan,Dan,,{code}\n"
        f"eve,Eve,{free[5]},\n"
        "fay,Fay,,no-such-type\n"
    )
    assert outcome(world, text) == [
        *["created"] * 3,
        "no-entitlement",
        "no-entitlement",
        "invalid-fields",
    ]
    found = users(world)
    assert found["ann"][2] == free[0] and found["cid"][2] == free[1]
    taken = found["bob"][2]
    assert taken is not None and taken not in (free[0], free[1])
    assert outcome(world, text)[:3] == ["unchanged"] * 3, "a user keeps its number of the type"
    assert users(world) == found
    assert len(events(world, "number.assigned")) == 7


def test_the_end_of_the_stock(world: World) -> None:
    equip(world, 9, 2)
    placed(world, line(world.equipment[1], 5))  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM numbers_number WHERE sku_id = %s AND status = 'free'",
            [french(world).id],
        )
        (free,) = cursor.fetchone()
    stock(world, max(0, 3 - free))
    code = french(world).code
    rows = "".join(f"u{n},U,,{code}\n" for n in range(5))
    found = outcome(world, f"login,name,number,sku\n{rows}")
    assert found == ["created"] * max(3, free) + ["no-free-number"] * (5 - max(3, free))


def test_a_user_that_gets_its_first_number_is_changed(world: World) -> None:
    (number,) = equip(world, 1, 1)
    created(world, "ann")
    assert outcome(world, f"login,number\nann,{number}\n") == ["changed"]


def test_a_row_frees_the_licence_of_a_later_one(world: World) -> None:
    one, two = equip(world, 1, 2)
    linked(world, created(world, "ann"), one)
    text = f"login,name,number,action\nann,,,unlink\nbob,Bob,{two},\n"
    assert outcome(world, text) == ["changed", "created"]


def test_users_exchange_their_numbers(world: World) -> None:
    a, b, c, d = equip(world, 4, 4)
    for login, number in (("ann", a), ("bob", b), ("cid", c)):
        linked(world, created(world, login), number)
    text = f"login,number\nann,{b}\nbob,{c}\ncid,{a}\n"
    assert outcome(world, text) == ["changed"] * 3
    assert {login: user[2] for login, user in users(world).items()} == {
        "ann": b,
        "bob": c,
        "cid": a,
    }
    assert licences(world) == (4, 3)
    # A chain that ends at a number without user; and one that a refused row stops.
    assert outcome(world, f"login,number\nann,{c}\nbob,{d}\n") == ["changed"] * 2
    before = users(world)
    text = f"login,number\nann,{d}\nbob,{a}\ncid,+33199999999\n"
    assert outcome(world, text) == ["number-in-use", "number-in-use", "number-not-assigned"]
    assert users(world) == before


def test_a_refusal_names_the_other_user(world: World) -> None:
    [a] = equip(world, 2, 1)
    linked(world, created(world, "ann"), a)
    id = submitted(world, f"login,name,number\nbob,Bob,{a}\n".encode(), "text/csv")
    work()
    [refusal] = results(world, id)
    assert "linked to the user ann" in refusal["problem"]["detail"]
    assert "bob" not in users(world)


def test_doubled_rows_are_refused_with_their_numbers(world: World) -> None:
    text = "login,name\nann,Ann\nbob,Bob\n\nANN,Anna\n"
    id = submitted(world, text.encode(), "text/csv")
    work()
    first, second, third = results(world, id)
    assert [each["row"] for each in (first, second, third)] == [2, 3, 5]
    for each in (first, third):
        assert "in several rows of the list: 2, 5" in each["problem"]["detail"]
    assert second["outcome"] == "created" and set(users(world)) == {"bob"}


def test_damaged_numbers_are_refused_with_their_value(world: World) -> None:
    equip(world, 1, 1)
    text = "login;name;number\na;A;3,22556E+11\nb;B;3225550895\nc;C;#REF!\n"
    id = submitted(world, text.encode(), "text/csv")
    work()
    texts = [each["problem"]["detail"] for each in results(world, id)]
    assert "3,22556E+11" in texts[0] and "spreadsheet" in texts[0]
    assert "3225550895" in texts[1] and "plus sign" in texts[1]
    assert "#REF!" in texts[2]
    assert users(world) == {}


def test_marked_numbers_are_taken(world: World) -> None:
    a, b = equip(world, 2, 2)
    text = f'login;name;number\na;A;\'{a}\nb;B;="{b}"\n'
    assert outcome(world, text) == ["created", "created"]
    assert [user[2] for user in users(world).values()] == [b, a]


def test_a_workbook_is_taken(world: World) -> None:
    [a] = equip(world, 1, 1)
    made = openpyxl.Workbook()
    sheet: Any = made.active
    for cells in (["Login", "Display name", "Number"], ["ann", "Änn", a], ["bob", "Bob", None]):
        sheet.append(cells)
    file = BytesIO()
    made.save(file)
    id = submitted(world, file.getvalue(), XLSX)
    work()
    assert counts(world, id) == {"created": 2}
    assert users(world)["ann"] == ("Änn", "user", a)
    assert job(world, id)["source"]["format"] == "xlsx"


def test_how_a_file_was_read_is_said(world: World) -> None:
    id = submitted(world, "login;name\na;Jörg Müller\n".encode("cp1252"), "text/csv")
    source = job(world, id)["source"]
    assert (source["charset"], source["assumed"], source["separator"]) == (
        "Windows-1252",
        True,
        ";",
    )
    assert job(world, submitted(world, [row("b")]))["source"] is None
    work()
    assert users(world)["a"][0] == "Jörg Müller"


def test_unknown_columns_are_named(world: World) -> None:
    before = world.fingerprint()
    content = b"login,display_name,cost centre,notes\na,A,1,x\n"
    problem = refused(world, before, submit(world, content, "text/csv"), 422, "invalid-fields")
    assert "unknown columns: cost centre, notes" in problem["detail"]


def test_a_cancelled_job_leaves_the_other_rows(world: World) -> None:
    id = submitted(world, [row(f"u{n}") for n in range(6)])
    provision_batches(chunk=2)
    cancelled = answer(world.call("POST", f"/jobs/{id}/cancel"))
    assert (cancelled["state"], cancelled["done"]) == ("cancelled", 2)
    work()
    assert job(world, id) == cancelled and len(users(world)) == 2
    assert answer(world.call("POST", f"/jobs/{id}/cancel")) == cancelled
    lines = download(world, id)
    assert [each["outcome"] for each in lines] == ["created"] * 2 + ["not processed"] * 4
    other = submitted(world, [row("x")])
    work()
    before = world.fingerprint()
    response = world.call("POST", f"/jobs/{other}/cancel")
    refused(world, before, response, 409, "conflict")
    assert differences() == []


def test_cancelling_waits_for_the_chunk_in_progress(world: World) -> None:
    id = submitted(world, [row(f"u{n}") for n in range(40)])
    barrier = Barrier(2)

    def provision() -> None:
        barrier.wait(10)
        try:
            drain(lambda: provision_batch(id, 1))  # type: ignore[arg-type]
        finally:
            connection.close()

    worker = Thread(target=provision)
    worker.start()
    barrier.wait(10)
    cancelled = world.call("POST", f"/jobs/{id}/cancel")
    worker.join(60)
    document = job(world, id)
    assert len(users(world)) == document["done"] == document["created"]
    if cancelled.status_code == 200:
        assert document["state"] == "cancelled" and document["done"] <= 40
    assert differences() == []


def download(world: World, id: str, query: str = "") -> list[dict[str, str]]:
    """The rows of the file of a job."""
    response: Any = world.call("GET", f"/jobs/{id}/results?format=csv{query}")
    text = b"".join(response).decode()
    return list(csv.DictReader(StringIO(text)))


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_failed_rows_are_downloaded_mended_and_sent_again(world: World, format: str) -> None:
    a, b = equip(world, 3, 2)
    text = f"login;name;kind;number\n=ann;Ann;;{a}\nbob;Bob;robot;{b}\n;Nameless;;\n"
    id = submitted(world, text.encode(), "text/csv")
    work()
    response: Any = world.call("GET", f"/jobs/{id}/results?format={format}&failed=true")
    content = b"".join(response)
    if format == "csv":
        lines = list(csv.DictReader(StringIO(content.decode())))
    else:
        sheet: Any = openpyxl.load_workbook(BytesIO(content)).active
        header, *rows = sheet.iter_rows(values_only=True)
        lines = [dict(zip(header, each, strict=True)) for each in rows]
    assert [str(each["row"]) for each in lines] == ["3", "4"]
    assert (lines[0]["login"], lines[0]["kind"]) == ("bob", "robot")
    assert "robot" in str(lines[0]["problem"])
    mended = content.replace(b"robot", b"user") if format == "csv" else b""
    if format == "xlsx":
        made = openpyxl.load_workbook(BytesIO(content))
        sheet = made.active
        for cells in sheet.iter_rows():
            for cell in cells:
                cell.value = "user" if cell.value == "robot" else cell.value
        file = BytesIO()
        made.save(file)
        mended = file.getvalue()
    media = XLSX if format == "xlsx" else "text/csv"
    assert outcome(world, mended, media) == ["created", "invalid-fields"]
    assert users(world)["bob"][2] == b
    assert [each["login"] for each in download(world, id)] == ["'=ann", "bob", ""]


def test_rows_of_the_previous_release_change_no_user_that_exists(world: World) -> None:
    """Its servers write a kind into every row, and no action."""
    [a] = equip(world, 1, 1)
    user = created(world, "ann", kind="resource_account")
    id = submitted(world, [row("x")])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE users_job SET rows = %s::json WHERE id = %s",
            [
                '[{"id":"019e0d3c-6f1e-7000-8000-0000000000a1","login":"ann","display_name":"Z",'
                f'"kind":"user","number":"{a}"}}]',
                id,
            ],
        )
    work()
    assert [each["status"] for each in results(world, id)] == [200]
    kept = seen(world, user)
    assert (kept["display_name"], kept["kind"], kept["number"]) == ("Ann", "resource_account", a)


@pytest.mark.once
@pytest.mark.parametrize("count", [2_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_rows_take_as_many_numbers(world: World, count: int) -> None:
    """With a few statements for a thousand of them; `make bench` has the speed."""
    equip(world, count, 1)
    placed(world, line(world.equipment[1], count))  # type: ignore[attr-defined]
    for _ in range(count // 1_000 + 1):
        stock(world, 1_000)
    code = french(world).code
    text = "login,name,sku\n" + "".join(f"u{n},U,{code}\n" for n in range(count))
    with CaptureQueriesContext(connection) as queries:
        id = submitted(world, text.encode(), "text/csv")
        work()
    assert len(queries) < 30 + 7 * count // 1_000
    assert counts(world, id) == {"created": count}
    assert licences(world)[1] == count
    assert differences() == []
