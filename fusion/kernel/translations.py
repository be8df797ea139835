"""Translations: text files for people (`.po`), compiled here to the format of gettext (`.mo`).

Missing compiled files are created, under a name derived from their content, so that neither a build
step nor the gettext tools are needed and processes do not disturb each other.
"""

import hashlib
import os
from importlib.resources import files
from pathlib import Path

LOCALES = Path(str(files("fusion"))) / "portal" / "locale"
"""`<language>/LC_MESSAGES/django.po`, written by people."""

DOMAIN = "django"


def compile_catalogues(home: Path) -> Path:
    """The folder under `home` with the compiled translations of each language."""
    sources = sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    folder = home / digest.hexdigest()[:16]
    for source in sources:
        target = folder / source.relative_to(LOCALES).with_suffix(".mo")
        if not target.exists():
            _compile(source, target)
    return folder


def _compile(source: Path, target: Path) -> None:
    import polib  # noqa: PLC0415 - only where something is to be compiled

    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    polib.pofile(str(source)).save_as_mofile(str(draft))
    draft.rename(target)
