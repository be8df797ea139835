"""The `fusion` command: what operators and scripts call.

Exit codes:

    0   done
    1   refused, or differences were found
    2   wrong usage
    3   the database is unreachable or is not migrated, or a setting is wrong
    4   a fault of Fusion itself (FUSION_LOG_LEVEL=DEBUG shows where)
    130 interrupted

Every error is one readable line on stderr; stdout has only results.
"""

import os
import sys
import traceback
from importlib import import_module

import click

from fusion.cli.commands import fusion
from fusion.cli.errors import CommandFailed
from fusion.kernel.errors import Problem

OK, REFUSED, USAGE, UNAVAILABLE, FAULT, INTERRUPTED = 0, 1, 2, 3, 4, 130


def main() -> None:
    """The entry point of the `fusion` script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit code and raises no errors."""
    try:
        code = fusion.main(args=arguments, prog_name="fusion", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return USAGE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "fusion"
        return _fail(USAGE, f"{error.format_message()} Try: {command} --help")
    except (click.Abort, KeyboardInterrupt):
        return _fail(INTERRUPTED, "interrupted")
    except Exception as error:
        return _explain(error)
    return code if isinstance(code, int) else OK


def _explain(error: Exception) -> int:
    if isinstance(error, CommandFailed):
        return _fail(error.code, str(error))
    if isinstance(error, Problem):
        return _fail(REFUSED, error.detail)
    if os.environ.get("FUSION_LOG_LEVEL", "").upper() == "DEBUG":
        traceback.print_exc()
    # imported only now: `fusion --help` should not wait for the database's libraries
    if import_module("fusion.cli.unavailable").is_unavailable(error):
        return _fail(UNAVAILABLE, str(error))
    return _fail(FAULT, f"{type(error).__name__}: {error}")


def _fail(code: int, message: str) -> int:
    click.echo(f"fusion: {' '.join(message.split())}", err=True)
    return code
