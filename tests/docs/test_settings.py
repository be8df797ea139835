"""The guide's table of settings is the code's."""

from tests.docs.settings import GUIDE, table, with_table


def test_the_guide_shows_every_setting() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    assert table() in guide, "make settings"
    assert with_table(guide) == guide
