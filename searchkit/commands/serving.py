"""The command that shows an index in a browser."""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

import click

from searchkit import terminal
from searchkit.errors import ConfigurationError
from searchkit.options import index_option


@click.command()
@index_option
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 for any free one.")
@click.option(
    "--rate",
    default=50.0,
    show_default=True,
    type=click.FloatRange(0),
    metavar="N",
    help="Requests a second of one client, in the long run; 0 for as many as they like.",
)
def serve(path: str, host: str, port: int, rate: float) -> None:
    """Show an index in a browser, and to programs as JSON.

    Only this machine reaches the page unless --host says otherwise. It is read-only, and follows the index as it
    changes. Needs the extra web.

    \b
    Example:
        searchkit serve --index news.idx
    """
    try:
        from searchkit.web import serving  # an extra, and only this command needs it
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"the page needs {error.name}: pip install 'searchkit[web]'") from None
    if not serving.is_loopback(host):
        terminal.complain(
            f"warning: whoever reaches {host} can read all articles of this index; there are no passwords and no TLS"
        )
    serving.serve(
        path, host, port, rate, lambda address: click.echo(f"{terminal.line(path)} is at {address} (Ctrl+C ends it)")
    )


COMMANDS = (serve,)
