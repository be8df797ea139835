"""The table of settings in the operator's guide: `python -m tests.docs.settings` writes it."""

from pathlib import Path

from fusion.kernel.environment import SETTINGS

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operators-guide.md"
HEAD = "| variable | default | meaning |\n|---|---|---|\n"


def table() -> str:
    """The rows for all settings, in Markdown."""
    return "".join(
        f"| `{each.name}` | {f'`{each.default}`' if each.default else 'empty'} | {each.help} |\n"
        for each in SETTINGS.values()
    )


def with_table(guide: str) -> str:
    """The text of the guide with the present table."""
    before, rest = guide.split(HEAD)
    _, after = rest.split("\n\n", 1)
    return f"{before}{HEAD}{table()}\n{after}"


if __name__ == "__main__":
    GUIDE.write_text(with_table(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
