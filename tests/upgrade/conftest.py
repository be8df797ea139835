"""The release before, and its tables, which several tests begin with."""

from collections.abc import Iterator

import pytest

from tests.databases import MIGRATED, new_database, url_of
from tests.upgrade import releases
from tests.upgrade.releases import BEFORE, Release


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The files of the release before this one."""
    return releases.check_out(BEFORE, tmp_path_factory.mktemp("before") / "fusion")


@pytest.fixture(scope="session")
def former_template(before: Release) -> Iterator[str]:
    """A database with the tables of the release before, which nobody uses; its name."""
    with new_database() as name:
        before.migrate(url_of(name))
        yield name


@pytest.fixture
def former_database(former_template: str) -> Iterator[str]:
    """The URL of a new database with the tables of the release before, without data."""
    with new_database(former_template) as name:
        yield url_of(name)


@pytest.fixture
def migrated_database() -> Iterator[str]:
    """The URL of a new database with the tables of this release, without data."""
    with new_database(MIGRATED) as name:
        yield url_of(name)
