"""The command line: its entry, and what is the same for all commands, which are in :mod:`searchkit.commands`.

Exit status: 0 done; 1 ``check`` found damage, ``build --strict`` skipped something, or the output was cut off; 2 an
error, in one line on stderr; 130 interrupted.
"""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

import sys
import warnings
from typing import Any

import click

from searchkit import compiled, terminal
from searchkit.commands import alerting, building, care, judging, moving, searching
from searchkit.errors import SearchkitError

#: Commands that go on for long enough to load compiled kernels, or that have them compiled.
LONG_COMMANDS = ("build", "copy", "optimize", "warm", "watch")


class _Commands(click.Group):
    """The commands, with what is the same for all: how errors, warnings and interrupts come out."""

    def invoke(self, ctx: click.Context) -> Any:
        if hasattr(sys.stdout, "reconfigure"):  # whatever a test or a program may have put in its place
            sys.stdout.reconfigure(errors="backslashreplace")
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except click.UsageError as error:
                raise click.UsageError(terminal.line(error.format_message()), error.ctx) from None
            except BrokenPipeError:
                raise  # click ends quietly
            except SearchkitError as error:
                message = str(error)
            except OSError as error:
                message = ": ".join(str(part) for part in (error.filename, error.strerror or error) if part is not None)
            except KeyboardInterrupt:
                ctx.exit(130)
        terminal.complain(message)
        return ctx.exit(2)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    terminal.complain(f"warning: {message}")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="searchkit")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Full-text search for news and other dated articles.

    \b
    Example:
        searchkit build articles/ --index news.idx
        searchkit search '"trade deficit" japan' --index news.idx --facet published:month
    """
    if ctx.invoked_subcommand not in LONG_COMMANDS:
        compiled.disable()


for _command in (
    *(*building.COMMANDS, *moving.COMMANDS, *searching.COMMANDS),
    *(*judging.COMMANDS, *alerting.COMMANDS, *care.COMMANDS),
):
    main.add_command(_command)
