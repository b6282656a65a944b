"""Shell, desktop, files, ports and the jump host on real guests of the lab cloud, clicked in Chromium:

python -m tests.lab.remote [--desktop] [--packages] [--shots DIR] [--keep]

Launches a machine and one without a public address as carol, and tries on them what the demo's guests only play: OpenSSH's
sshd, tmux, a restart, a firewall, a jump host that the portal makes. `--packages`: guests may reach Debian's packages (their
name server is this machine's, and somebody lets them out), so tmux can be had; `--desktop`: and a desktop too, which takes
long under emulation. Prints PASS and FAIL lines and figures; ends with 1 when a check failed.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Error, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.journey import Journey
from tests.lab import remote_checks, remote_files, remote_jump
from tests.lab.guest_checks import Check
from tests.lab.guest_portal import LabPortal, lab_portal
from tests.lab.remote_parts import Lab, Machine, say

PERSON, CLOUD, ACCOUNT, PASSWORD = "carol", "lab", "carol", "labpass"
Checks = Callable[[Lab], Iterator[Check]]
# What belongs to one part is not tried where an earlier check of that part raised; the next part is.
PARTS: dict[str, Checks] = {
    "shell": remote_checks.shell,
    "kept": remote_checks.kept,
    "flood": remote_checks.flood,
    "files": remote_files.files,
    "port": remote_files.port,
    "recording": remote_files.recording,
    "desktop": remote_files.desktop,
    "jump host": remote_jump.jump_host,
    "firewall": remote_jump.firewall,
    "host key": remote_checks.host_key,
    "other certificates": remote_checks.certificates,
    "restart": remote_checks.restart,
    "sign-out": remote_checks.signed_out,
    "shelved": remote_checks.shelved,
}


def walk(lab: Lab, only: list[str]) -> list[Check]:
    found: list[Check] = []
    for name, checks in PARTS.items():
        if only and name not in only:
            continue
        say(name)
        try:
            for one in checks(lab):
                found.append(one)
                say(
                    f"  {'PASS' if one.passed else 'FAIL'} {one.name}{'' if one.passed else ': ' + one.found}"
                )
        except (AssertionError, Error, RuntimeError, KeyError) as error:
            found.append(Check(name, False, str(error)))
            say(f"  FAIL {name} broke off: {str(error)[:600]}")
            lab.shot(f"broke-{name}")
    return found


def begin(portal: LabPortal, context: BrowserContext, given: argparse.Namespace) -> Lab:
    page = context.new_page()
    page.set_default_timeout(120_000)
    journey = Journey(page, portal.url, given.shots)
    journey.sign_in(PERSON)
    journey.connect(CLOUD, ACCOUNT, PASSWORD)
    lab = Lab(portal, context, given.shots, packages=given.packages)
    lab.machine = lab.launch(
        "remote-open", "m3.medium" if given.desktop else "m3.small", desktop=given.desktop
    )
    lab.hidden = lab.launch("remote-hidden", "m3.tiny", address="none")
    return lab


def adopt(portal: LabPortal, context: BrowserContext, given: argparse.Namespace) -> Lab:
    """Machines of an earlier run with `--keep`."""
    lab = Lab(portal, context, given.shots, packages=given.packages)
    lab.machine, lab.hidden = (Machine(id, lab.public_address(id)) for id in given.machines)
    return lab


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--desktop", action="store_true")
    parser.add_argument("--packages", action="store_true")
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--only", nargs="*", default=[], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--keep", action="store_true", help="the machines stay")
    parser.add_argument("--portal", nargs=2, metavar=("URL", "STATE"), help="a lab portal that runs already")
    parser.add_argument("--machines", nargs=2, metavar="ID", help="with --portal: those of an earlier run")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="helio-remote-"))
    try:
        if given.portal:
            url, state = given.portal[0], Path(given.portal[1])
            return run(LabPortal(url, urlsplit(url).port or 80, state, state / "authority"), given)
        with lab_portal(folder) as portal:
            return run(portal, given)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(portal: LabPortal, given: argparse.Namespace) -> int:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        if given.machines:
            Journey(context.new_page(), portal.url).sign_in(PERSON)
            lab = adopt(portal, context, given)
        else:
            lab = begin(portal, context, given)
        try:
            checks = walk(lab, given.only)
        finally:
            if not given.keep:
                lab.delete_all()
            browser.close()
    failed = [one for one in checks if not one.passed]
    say(f"{len(checks) - len(failed)} checks passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
