"""``searchkit`` and ``python -m searchkit``."""

import atexit
import gc

from searchkit.cli import main


def run() -> None:
    """The command line as a process of its own."""
    # Python looks for garbage once more before it ends, which takes longer than many a search.
    atexit.register(gc.freeze)
    main(prog_name="searchkit")


if __name__ == "__main__":
    run()
