"""A text on the command line, cleaned like every other text from outside."""

from typing import Any

from click import Context, Parameter
from click.types import StringParamType

from fusion.kernel.text import Unclean, clean_line


class Line(StringParamType):
    """A text of one line; wrong usage for an invisible character."""

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> Any:
        """The cleaned text."""
        text = super().convert(value, param, ctx)
        try:
            return clean_line(text)
        except Unclean as error:
            self.fail(f"It {error}.", param, ctx)


LINE = Line()
