"""`make bench`, or `make bench ARGS="pages live"`: measures what the product promises. Exit 1 when a bound is missed."""

import importlib
import os
import platform
import subprocess
import sys
from pathlib import Path

BENCHES = ("pages", "weight", "launches", "crashes", "live", "metrics")


def run_one(name: str) -> bool:
    module = importlib.import_module(f"tests.bench.bench_{name}")
    figures = module.run()
    for figure in figures:
        print(f"  {figure}", flush=True)
    return all(figure.kept for figure in figures)


def main(names: list[str]) -> int:
    if len(names) == 1:
        return 0 if run_one(names[0]) else 1
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    missed = []
    for name in names:
        # A process each: Django is set up once per process, and each bench brings its own database.
        print(f"{name}:", flush=True)
        command = [sys.executable, "-m", "tests.bench", name]
        if subprocess.run(command, cwd=Path(__file__).parents[2], check=False).returncode:
            missed.append(name)
    print(f"missed: {', '.join(missed)}" if missed else "every bound was kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(BENCHES)))
