"""Compiles the translations whenever the package is built or installed."""

from pathlib import Path

import polib
from setuptools import setup
from setuptools.command.build_py import build_py


class Build(build_py):
    """Setuptools' own step, with the compiled translations among the files of the package."""

    def run(self) -> None:
        """Compile each `.po` file, then build."""
        for source in Path("fusion").glob("portal/locale/*/LC_MESSAGES/*.po"):
            polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))
        super().run()


setup(cmdclass={"build_py": Build})
