"""`make bench`, or `make bench ARGS="pages live"`: measures what the product promises. Exit 1 when a bound is missed.

`horizon`, `tabs` and `lab` measure on a real OpenStack (tests/bench/horizon) and run only when they are named; without it
they say so and fail. What they set up there they remove at the end, unless `--keep` leaves it for the next run.
"""

import argparse
import importlib
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

BENCHES = (
    "ledger",
    "budgets",
    "pages",
    "allocations",
    "weight",
    "launches",
    "crashes",
    "live",
    "board",
    "workshops",
    "classroom",
    "metrics",
    "remote",
)
LAB_BENCHES = ("horizon", "tabs", "lab")
# Against what others built, fetched for the run.
OTHERS = ("terminals",)


def run_one(name: str) -> bool:
    module = importlib.import_module(f"tests.bench.bench_{name}")
    figures = module.run()
    for figure in figures:
        print(f"  {figure}", flush=True)
    return all(figure.kept for figure in figures)


def run_all(names: list[str]) -> bool:
    """A process each: Django is set up once per process, and each bench brings its own database."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    missed = []
    for name in names:
        print(f"{name}:", flush=True)
        command = [sys.executable, "-m", "tests.bench", "--keep", name]
        if subprocess.run(command, cwd=Path(__file__).parents[2], check=False).returncode:
            missed.append(name)
    print(f"missed: {', '.join(missed)}" if missed else "every bound was kept", flush=True)
    return not missed


def clean_up() -> None:
    from tests.bench.horizon import lab, servers

    if lab.trouble() is None:
        print(f"{servers.clear()} servers removed from the lab, its quota is as it was")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join((*BENCHES, *LAB_BENCHES, *OTHERS)))
    parser.add_argument("--keep", action="store_true", help="leave the lab's servers for the next run")
    given = parser.parse_args(words)
    names = given.names or list(BENCHES)
    if unknown := set(names) - {*BENCHES, *LAB_BENCHES, *OTHERS}:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    try:
        kept = run_one(names[0]) if len(names) == 1 else run_all(names)
    finally:
        if not given.keep and set(names) & set(LAB_BENCHES):
            clean_up()
    return 0 if kept else 1


if __name__ == "__main__":
    # So that what was started and changed elsewhere is ended and put right also then.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
