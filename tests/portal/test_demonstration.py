"""The log-ins of a demonstration stand on its sign-in page, and nowhere else."""

import json
from pathlib import Path

from django.test import Client, override_settings

LOGIN = {
    "organization_kind": "group",
    "role": "administrator",
    "email": "someone@example.com",
    "password": "made up for the demo",
}


def page(var: Path, *, demo: bool) -> str:
    """The sign-in page of an installation whose files are in `var`."""
    with override_settings(DEMO=demo, VAR=var):
        return Client().get("/sign-in").content.decode()


def test_only_a_demonstration_lists_its_log_ins(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(json.dumps({"logins": [LOGIN]}))
    assert LOGIN["password"] in page(tmp_path, demo=True)
    ordinary = page(tmp_path, demo=False)
    assert LOGIN["password"] not in ordinary and "demonstration" not in ordinary


def test_a_demonstration_that_is_being_made_up(tmp_path: Path) -> None:
    assert "appear here" in page(tmp_path, demo=True)
    (tmp_path / "demo.json").write_text("{")
    assert "appear here" in page(tmp_path, demo=True)
