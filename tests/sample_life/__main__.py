"""The command behind `make demo`."""

import argparse
import sys

from tests.sample_life.demo import DEFAULT_PORT, Wish, run
from tests.sample_life.lives import LIVES
from tests.sample_life.people import EVERYBODY_QUICK, NAMES, Name

_PEOPLE = "\n".join(f"  {name:<9} {LIVES[name].about}" for name in NAMES)
_EXAMPLES = """
examples:
  python -m tests.sample_life                        everybody but Flood: some seconds
  python -m tests.sample_life --tenant mallory       only what is dangerous to look at
  python -m tests.sample_life --tenant ada --flood   two people, one with 123,000 files
  python -m tests.sample_life --all                  everything there is
  python -m tests.sample_life --dashboard-port 0     on any free port
"""


def wish_of(arguments: list[str]) -> Wish:
    """Read the command line; ends the program when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.sample_life",
        description="Run a node on this machine in which people have lived for twenty months, and"
        " print links that sign you in as each of them. Nothing is left when it ends.",
        epilog=f"people:\n{_PEOPLE}\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--tenant",
        action="append",
        choices=NAMES,
        help="only this person; may be given more than once",
    )
    parser.add_argument("--flood", action="store_true", help="Flood, too: about half a minute")
    parser.add_argument(
        "--all", action="store_true", help="everybody, and a file of a hundred megabytes"
    )
    parser.add_argument(
        "--dashboard-port",
        type=int,
        default=DEFAULT_PORT,
        metavar="PORT",
        help="where the pages are (default: %(default)s; 0: any free port)",
    )
    wish = parser.parse_args(arguments)
    if not 0 <= wish.dashboard_port <= 65535:
        parser.error("a port is a number up to 65535")
    chosen: list[Name] = list(wish.tenant or EVERYBODY_QUICK)
    if wish.flood:
        chosen.append("flood")
    names = NAMES if wish.all else tuple(dict.fromkeys(chosen))
    return Wish(names, wish.all, wish.dashboard_port)


if __name__ == "__main__":
    sys.exit(run(wish_of(sys.argv[1:])))
