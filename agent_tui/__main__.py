"""`agent-tui`: says its version by itself; everything else is the command line's."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program with `arguments` (default: the process's own). Always ends in SystemExit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        # Scripts ask this often, and it must work where the rest does not: nothing else is loaded.
        from agent_tui import __version__

        sys.stdout.write(f"agent-tui {__version__}\n")
        raise SystemExit(0)
    from agent_tui.cli import edge

    raise SystemExit(edge.run(given))


if __name__ == "__main__":
    main()
