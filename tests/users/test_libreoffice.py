"""Lists that LibreOffice opens and saves, in four locales: they come back unchanged."""

import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from fusion.kernel.sheets.read import read_sheet
from tests.bounds import PATIENCE
from tests.numbers.stock import stock
from tests.portal.furnished import at, person
from tests.users.staff import created, equip, job, linked, results, submitted, work
from tests.world import World, answer

pytestmark = pytest.mark.once

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

SAVED = {
    "en-US": (44, 76, "UTF-8"),
    "de-DE": (59, 1, "Windows-1252"),
    "fr-FR": (59, 76, "UTF-8"),
    "nl-NL": (9, 65535, "UTF-16LE"),
}
"""Locale → code of the separator, LibreOffice's code of the character set, and its name."""

LOCALES = [
    pytest.param(locale, marks=[] if locale in {"de-DE", "nl-NL"} else pytest.mark.long)
    for locale in SAVED
]

PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">
<value>{locale}</value></prop></item>
</oor:items>
"""

OPENED_CSV = "44,34,76,1,,0,false,true"
"""How our CSV is opened: commas, quotation marks, UTF-8; the program guesses the columns."""


def convert(folder: Path, locale: str, source: Path, to: str, name: str) -> bytes:
    """The file as LibreOffice saves it."""
    profile = folder / f"profile-{locale}"
    if not profile.exists():
        (profile / "user").mkdir(parents=True)
        text = PROFILE.format(locale=locale)
        (profile / "user" / "registrymodifications.xcu").write_text(text)
    result = folder / f"{locale}-{name}"
    result.mkdir()
    opened = [f"--infilter=Text - txt - csv (StarCalc):{OPENED_CSV}"]
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            *(opened if source.suffix == ".csv" else []),
            "--convert-to",
            to,
            "--outdir",
            str(result),
            str(source),
        ],
        check=True,
        capture_output=True,
        timeout=4 * PATIENCE,
    )
    (file,) = result.iterdir()
    return file.read_bytes()


@pytest.mark.parametrize("locale", LOCALES)
def test_a_list_comes_back_unchanged(world: World, tmp_path: Path, locale: str) -> None:
    numbers = equip(world, 4, 3)
    names = ['Zoë Müller; "die Erste"', "=1+1", "O'Neill, Ann", "0032"]
    for n, name in enumerate(names):
        created(world, f"user{n}@example.com", display_name=name)
    where = f"/subscriptions/{world.subscription.id}/users"
    for user, number in zip(answer(world.call("GET", where))["items"], numbers, strict=False):
        linked(world, user, number)
    client = person(world)
    separator, code, charset = SAVED[locale]
    as_csv = f"csv:Text - txt - csv (StarCalc):{separator},34,{code},1,,0,false,true,false"
    for format in ("csv", "xlsx"):
        response: Any = client.get(f"{at(world, 'users')}.{format}")
        source = tmp_path / f"users.{format}"
        source.write_bytes(b"".join(response))
        for to, media in ((as_csv, "text/csv"), ("xlsx:Calc MS Excel 2007 XML", XLSX)):
            name = f"{format}-{to.partition(':')[0]}"
            saved = convert(tmp_path, locale, source, to, name)
            id = submitted(world, saved, media)
            work()
            done = job(world, id)
            assert done["unchanged"] == len(names), (name, results(world, id), saved[:500])
            if media == "text/csv":
                assert done["source"]["charset"] == charset
        source.unlink()


@pytest.mark.parametrize("locale", LOCALES)
def test_numbers_come_back_as_text(world: World, tmp_path: Path, locale: str) -> None:
    numbers = sorted(equip(world, 1, 3))
    free = stock(world, 2)
    linked(world, created(world, "ann"), numbers[0])
    client = person(world)
    separator, code, _ = SAVED[locale]
    as_csv = f"csv:Text - txt - csv (StarCalc):{separator},34,{code},1,,0,false,true,false"
    as_xlsx = "xlsx:Calc MS Excel 2007 XML"
    for path, format, to in (
        (at(world, "numbers"), "csv", as_csv),
        (at(world, "numbers"), "xlsx", as_xlsx),
        ("/inventory", "csv", as_xlsx),
        ("/inventory", "xlsx", as_csv),
    ):
        response: Any = client.get(f"{path}.{format}")
        source = tmp_path / f"numbers.{format}"
        source.write_bytes(b"".join(response))
        expected = numbers if path != "/inventory" else sorted(numbers + free)
        name = f"{path.count('/')}-{format}"
        for content in (source.read_bytes(), convert(tmp_path, locale, source, to, name)):
            assert sorted(_numbers_in(content)) == expected, (name, content[:300])
        if format == "xlsx":
            resaved = BytesIO()
            openpyxl.load_workbook(source).save(resaved)
            assert sorted(_numbers_in(resaved.getvalue())) == expected
        source.unlink()


def _numbers_in(content: bytes) -> list[str]:
    """The column `e164` of a table, as our own reader reads it."""
    header, *rows = read_sheet(content, lambda cells: "e164" in cells).rows
    place = header.cells.index("e164")
    return [row.cells[place] for row in rows]
