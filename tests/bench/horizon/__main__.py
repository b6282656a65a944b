"""`python -m tests.bench.horizon stand` or `clear`: the two hundred servers that the benches on the lab use."""

import sys

from tests.bench.horizon import lab, servers


def main(words: list[str]) -> int:
    lab.require()
    if words == ["stand"]:
        print(f"{len(servers.stand())} servers stand in {lab.PROJECT}")
    elif words == ["clear"]:
        print(f"{servers.clear()} servers removed from {lab.PROJECT}, its quota is as it was")
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
