"""Every text that people read is marked for translation, and comes out in their language."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

import fusion
from fusion.access.actor import ADMINISTRATOR
from fusion.kernel.errors import PLAIN_WORDS
from fusion.kernel.ids import new_id
from fusion.numbers.written import REFUSALS
from fusion.portal.account.mail import MAILS
from fusion.portal.errors import EXPLANATIONS, TITLES, WITH_FACTS
from fusion.portal.mails.write import FOLDER, Reader, Sender, write_mail
from fusion.portal.refusals import DETAILS, MESSAGES, translated
from tests.portal.people import make_person, signed_in
from tests.queued import waiting_mails
from tests.world import World

PACKAGE = Path(fusion.__file__).parent
TEMPLATES = PACKAGE / "portal" / "templates"
TRANSLATED = [code for code, _ in settings.LANGUAGES if code != "en"]
USE_CASES = ("tenancy", "ordering", "catalogue", "numbers", "users", "trunks", "lifecycle")

MARKED = re.compile(
    r"{% comment %}.*?{% endcomment %}"
    r"|{% blocktranslate.*?{% endblocktranslate %}"
    r"|<(script|style|svg)\b.*?</\1>",
    re.DOTALL,
)
SPOKEN = re.compile(r'(?:aria-label|title|placeholder|alt|data-l|data-copy)="([^"{]*)"')
WORD = re.compile(r"[A-Za-z]{2,}")

ONLY_PROGRAMS = (
    "Only a group, the provider itself, has settings",
    "This token lacks",
    "Only the {} can",
    "Only the role {} can",
    "Only an administrator of an organization above",
    "Another group already uses the host name",
    "The account of",
    "{} already has a password",
    "Someone else has just set a password for",
    "You are {}",
    "{} is {}",
    "A group is the provider itself",
    "CSV is taken in UTF-8",
    "is for an administrator, but none is named",
    "is a {}; only a tenant can have subscriptions",
)
"""Beginnings of refusals that no page can meet, or that the portal words otherwise."""


@pytest.mark.parametrize(
    "file",
    [file for file in sorted(TEMPLATES.rglob("*.*")) if file.suffix in (".html", ".txt")],
    ids=lambda file: str(file.relative_to(TEMPLATES)),
)
def test_templates_have_no_text_that_is_not_marked(file: Path) -> None:
    text = MARKED.sub("", file.read_text(encoding="utf-8"))
    spoken = [words for words in SPOKEN.findall(text) if WORD.search(words)]
    shown = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}|<[^>]*>", "\n", text, flags=re.DOTALL)
    assert [*spoken, *(line.strip() for line in shown.splitlines() if WORD.search(line))] == []


def _shape(node: ast.expr) -> str:
    """A text of the program, with `{}` for each fact in it; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = node.values
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts)
    return ""


@cache
def _texts() -> tuple[str, ...]:
    """The texts of the program outside of the portal, those of database functions included."""
    found: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        if "portal" not in file.relative_to(PACKAGE).parts:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found.update(_shape(node) for node in ast.walk(tree) if isinstance(node, ast.expr))
    for file in PACKAGE.rglob("*.sql"):
        sql = re.sub(r"'\s*\n\s*'", "", file.read_text(encoding="utf-8"))
        found.update(each.replace("%s", "{}") for each in re.findall(r"'((?:[^'\n]|'')*)'", sql))
    return tuple(re.sub(r"\{\w+\}", "{}", text) for text in found if WORD.search(text))


@cache
def _pattern(shape: str) -> re.Pattern[str]:
    return re.compile(".*?".join(re.escape(part) for part in shape.split("{}")), re.DOTALL)


def _says(shape: str, sentence: str) -> bool:
    return _pattern(shape).fullmatch(sentence) is not None


def _sample(text: str) -> str:
    return re.sub(r"%\(\w+\)s", "X", text)


@pytest.mark.parametrize("text", [*DETAILS, *MESSAGES])
def test_a_translated_refusal_is_one_that_the_program_makes(text: str) -> None:
    sentence = _sample(text)
    assert any(_says(shape, sentence) for shape in _texts() if len(shape.replace("{}", "")) > 6)


def _refusals() -> Iterator[tuple[str, str]]:
    """(where, detail) of each refusal that a use case words and the portal does not."""
    for room in USE_CASES:
        for file in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem"):
                    continue
                code = _shape(node.args[0])
                facts = {fact for known, fact in WITH_FACTS if known == code}
                extra = next((word.value for word in node.keywords if word.arg == "extra"), None)
                keys = extra.keys if isinstance(extra, ast.Dict) else []
                told = facts & {_shape(key) for key in keys if key is not None}
                if code in TITLES and code not in EXPLANATIONS and not told:
                    yield f"{file.relative_to(PACKAGE)}:{node.lineno}", _shape(node.args[1])


@pytest.mark.parametrize(("where", "detail"), sorted(_refusals()))
def test_refusals_of_use_cases_are_known_to_the_portal(where: str, detail: str) -> None:
    if not detail.startswith(ONLY_PROGRAMS):
        assert any(_says(detail, _sample(text)) for text in DETAILS), f"{where}: {detail}"


def _refused_fields() -> Iterator[tuple[str, str]]:
    """(where, message) of each refusal of a field of an order or of a change of a subscription."""
    for room in ("ordering", "lifecycle"):
        for file in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InvalidFields":
                    where = f"{file.relative_to(PACKAGE)}:{node.lineno}"
                    yield from ((where, _shape(word.value)) for word in node.keywords)


@pytest.mark.parametrize(("where", "message"), sorted(_refused_fields()))
def test_refused_fields_are_known_to_the_portal(where: str, message: str) -> None:
    if message and not message.startswith(ONLY_PROGRAMS):
        assert any(_says(message, _sample(text)) for text in MESSAGES), f"{where}: {message}"


@pytest.mark.parametrize("words", sorted(set(PLAIN_WORDS.values())))
def test_what_a_schema_finds_is_known_to_the_portal(words: str) -> None:
    facts = {"expected": "'one' or 'other'"}
    sentence = words.format_map({**dict.fromkeys(re.findall(r"{(\w+)}", words), "7"), **facts})
    assert any(_says(re.sub(r"%\(\w+\)s", "{}", text), sentence) for text in MESSAGES)


@pytest.mark.parametrize("language", TRANSLATED)
def test_refusals_are_translated_with_their_facts(language: str) -> None:
    with translation.override(language):
        for text in (*DETAILS, *MESSAGES, *REFUSALS):
            names = re.findall(r"%\((\w+)\)s", text)
            sentence = text % {name: f"<{name}>" for name in names}
            said = translated(sentence)
            assert said != sentence
            assert all(f"<{name}>" in said for name in names), said


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "already has an invitation. Send that invitation again, or withdraw it."),
        ("de", "ist schon eingeladen. Senden Sie diese Einladung erneut"),
        ("fr", "est déjà invité. Renvoyez cette invitation"),
        ("nl", "is al uitgenodigd. Verstuur die uitnodiging opnieuw"),
    ],
)
def test_pages_refuse_in_the_readers_language(world: World, language: str, words: str) -> None:
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    email = f"{new_id()}@example.com"
    for _ in range(2):
        answer = client.post(
            f"/customers/{world.tenant.id}/members/invite",
            {"email": email, "role": "agent"},
            headers={"Accept-Language": language},
        )
    assert f"{email} {words}" in answer.content.decode()


@pytest.mark.parametrize(
    "template", sorted({*MAILS.values(), *(f.stem for f in (TEMPLATES / FOLDER).glob("*_*.txt"))})
)
@pytest.mark.parametrize("language", TRANSLATED)
def test_no_line_of_a_mail_stays_english(language: str, template: str) -> None:
    facts = ("", "-- ", "Fusion", "https://portal.example/path")
    texts = {}
    for each in ("en", language):
        write_mail(
            template,
            Reader(f"{each}-{template}@example.com", each),
            Sender("Fusion", "https://portal.example"),
            {"role": "agent", "deed": "approved", "asked": {"lines": [], "order_number": 7}},
            path="/path",
        )
        mail = waiting_mails(f"{each}-{template}@example.com")[-1]
        texts[each] = [mail.subject, *mail.text.splitlines()]
    english = set(texts["en"]) - set(facts)
    assert english and not english & set(texts[language])
