"""A named cloud that cannot be used makes the run fail: nothing is skipped, and the reason is said."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.contract.places import Place

# One scenario is enough to see how the others would end.
SCENARIO = "tests/contract/test_catalogue.py::test_flavors_have_sizes_names_and_extra_specs"
LAB = "http://127.0.0.1:5000/v3"


def started(cloud: str, **environment: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "pytest", SCENARIO, "-q", "-k", "lab", "-p", "no:cacheprovider"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "CONTRACT_"))}
    return subprocess.Popen(
        command,
        env=kept | {"CONTRACT_CLOUD": cloud} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def runs(place: Place) -> Iterator[dict[str, "subprocess.Popen[str]"]]:
    """All at once: most of the time each of them only imports."""
    there = os.environ.get("LAB_AUTH_URL", LAB) if place.real else os.environ["DEMO_AUTH_URL"]
    found = {
        "nobody listens": started("lab", LAB_AUTH_URL="http://127.0.0.1:9/v3"),
        "wrong password": started("lab", LAB_AUTH_URL=there, LAB_PASS="wrong"),
        "no such cloud": started("no-such-cloud"),
    }
    yield found
    for process in found.values():
        with process:
            process.kill()


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("nobody listens", "alice cannot sign in at lab: cloud:connection"),
        ("wrong password", "alice cannot sign in at lab: cloud:unauthorized"),
    ],
)
def test_a_named_cloud_that_cannot_be_used_fails_the_run(
    runs: dict[str, "subprocess.Popen[str]"], case: str, why: str
) -> None:
    said, _ = runs[case].communicate(timeout=180)
    assert runs[case].returncode == 1, said
    last = said.strip().splitlines()[-1]
    assert "1 error" in last and "skipped" not in last and "passed" not in last, last
    assert why in said


def test_a_cloud_that_nobody_knows_fails_the_run(runs: dict[str, "subprocess.Popen[str]"]) -> None:
    said, _ = runs["no such cloud"].communicate(timeout=180)
    assert runs["no such cloud"].returncode not in {0, 5}
    assert "CONTRACT_CLOUD='no-such-cloud'" in said
