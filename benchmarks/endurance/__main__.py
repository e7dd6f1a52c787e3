"""``python -m benchmarks.endurance NAME``: the entry of all long runs. The exit status is 1 if anything failed."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

#: Each is a module of this package; what it asks is the first line of its docstring.
RUNS = ("crash", "kill", "soak", "corruption", "forging", "hostile", "watch", "cluster")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=__doc__)
    commands = parser.add_subparsers(dest="run", required=True)
    for name in RUNS:
        module = importlib.import_module(f"benchmarks.endurance.{name}")
        about = (module.__doc__ or "").splitlines()[0]
        command = commands.add_parser(name, help=about, description=about)
        module.add_arguments(command)
        command.set_defaults(module=module)
    chosen = parser.parse_args(arguments)
    return 1 if chosen.module.run(chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
