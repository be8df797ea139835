"""The error of a failed command."""


class CommandFailed(Exception):
    """One readable line for the operator, and the exit code that goes with it."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
