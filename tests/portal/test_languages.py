"""The portal in four languages."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from fusion.access.actor import VIEWER
from tests.numbers.stock import entitle
from tests.portal.people import make_person, signed_in
from tests.world import World

LOCALES = Path(settings.LOCALE_PATHS[0])
TRANSLATED = [code for code, _ in settings.LANGUAGES if code != "en"]


def catalogue(language: str) -> polib.POFile:
    """The translations as people write them."""
    return polib.pofile(str(LOCALES / language / "LC_MESSAGES" / "django.po"))


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogue_entries_are_translated(language: str) -> None:
    entries = [entry for entry in catalogue(language) if not entry.obsolete]
    assert len(entries) > 100
    assert [entry.msgid for entry in entries if not entry.translated()] == []
    for entry in entries:
        if not entry.msgstr_plural:
            assert _names(entry.msgstr) == _names(entry.msgid), entry.msgid
        for number, text in entry.msgstr_plural.items():
            wanted = entry.msgid_plural if number else entry.msgid
            assert _names(text) == _names(wanted), entry.msgid


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_number_has_its_plural(language: str) -> None:
    with translation.override(language):
        for count in (0, 1, 2, 5, 100, 1_000_000):
            text = translation.ngettext("%(count)s subscription", "%(count)s subscriptions", count)
            assert text not in ("%(count)s subscription", "%(count)s subscriptions"), count


def _names(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


def test_all_catalogues_have_the_same_texts() -> None:
    texts = [{entry.msgid for entry in catalogue(language)} for language in TRANSLATED]
    assert all(each == texts[0] for each in texts)


@pytest.mark.parametrize(
    ("language", "words", "number"),
    [
        ("en", "Nothing has been ordered yet", "1,200"),
        ("de", "Noch ist nichts bestellt", "1.200"),
        ("fr", "Rien n’a encore été commandé", "1\N{NARROW NO-BREAK SPACE}200"),
        ("nl", "Er is nog niets besteld", "1.200"),
    ],
)
def test_pages_speak_it(world: World, language: str, words: str, number: str) -> None:
    client = signed_in(make_person((world.group, VIEWER)))
    headers = {"Accept-Language": f"{language};q=0.9"}
    page = client.get("/", headers=headers)
    assert page.headers["Content-Language"] == language
    assert words in page.content.decode()
    entitle(world, 1200)
    text = client.get("/", headers=headers).content.decode()
    assert number in re.sub("\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", text)


def test_the_library_speaks_it_too() -> None:
    response = Client().post("/sign-in", {}, headers={"Accept-Language": "de"})
    assert "Dieses Feld" in response.content.decode()


@pytest.mark.parametrize("language", TRANSLATED)
def test_compiled_translations_are_those_of_the_text_files(language: str) -> None:
    compiled = polib.mofile(str(LOCALES / language / "LC_MESSAGES" / "django.mo"))
    written = catalogue(language).translated_entries()
    assert {(each.msgid, each.msgstr) for each in compiled if not each.msgid_plural} == {
        (each.msgid, each.msgstr) for each in written if not each.msgid_plural
    }
    assert len(compiled) == len(written)


def test_texts_are_translated() -> None:
    with translation.override("nl"):
        assert translation.gettext("Nearly full") == "Bijna vol"
