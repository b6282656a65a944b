"""One's own ssh on the demo cloud, clicked through: command, certificate, keys on the machine, teammates, trust."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.bench.bench_launches import body, until_offered
from tests.browser.running import Demo

SLUG = "bio220047-iu"
SignIn = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def machine(demo: Demo) -> dict[str, Any]:
    """Alice's, made by the portal: it takes certificates."""
    with demo.api("alice") as api:
        until_offered(api, SLUG)
        asked = {**body(api, SLUG, "own-ssh", 1), "address": "automatic"}
        made = api.post("instances", json=asked).raise_for_status().json()["operations"][0]
        return _until(api, made["target_id"], lambda found: bool(found["ready_at"]))


def _until(api: httpx.Client, id: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found: dict[str, Any] = api.get(f"instances/{id}").json()
        if wanted(found):
            return found
        time.sleep(1)
    raise AssertionError("the machine never became ready")


@pytest.fixture
def own_key(tmp_path: Path) -> Path:
    path = tmp_path / "id_ed25519"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "alice@laptop", "-f", path], check=True
    )
    return path


def public(key: Path) -> str:
    return key.with_suffix(".pub").read_text().strip()


def run_as_shown(shown: str, home: Path, key: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """The page's two lines, in a shell whose home is empty but for the person's key."""
    (home / ".ssh").mkdir(exist_ok=True)
    first, second = shown.splitlines()
    file = re.search(r"> (~/\S+)", first)
    assert file is not None
    own = str(home / file[1].removeprefix("~/"))
    script = f"{first}\n{second.replace(file[1], own)} -F none -i {key} -o BatchMode=yes {command}"
    return subprocess.run(
        ["sh", "-c", script],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def test_the_command_and_a_certificate_open_the_machine_with_ones_own_ssh(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any], own_key: Path, complaints: list[str]
) -> None:
    sign_in(page, "alice")
    page.goto(f"{demo.url}/instances/{machine['id']}/ssh/")
    shown = page.get_by_label("Commands for your terminal").inner_text().strip()
    home = own_key.parent
    assert run_as_shown(shown, home, own_key, "true").returncode == 255, "without a certificate it is closed"

    page.get_by_label("Your public key").fill(public(own_key))
    page.get_by_role("button", name="Sign it").click()
    expect(page.get_by_text("The certificate is signed")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#certificates").get_by_role("link", name="Download").click()
    download.value.save_as(f"{own_key}-cert.pub")

    done = run_as_shown(shown, home, own_key, "id -un")
    assert (done.returncode, done.stdout.strip()) == (0, "exouser"), done.stderr
    assert complaints == []


def test_a_key_is_put_on_the_machine_after_it_was_shown_and_taken_away_again(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any], own_key: Path, complaints: list[str]
) -> None:
    sign_in(page, "alice")
    page.goto(f"{demo.url}/instances/{machine['id']}/ssh/")
    shown = page.get_by_label("Commands for your terminal").inner_text().strip()
    panel = page.locator("#machine-keys")
    panel.get_by_role("button", name="Look at the keys now").click()
    panel.get_by_label("Add a public key").fill(public(own_key))
    panel.get_by_role("button", name="Add …").click()
    expect(panel.get_by_label("The line")).to_contain_text("alice@laptop heliosphere:")
    panel.get_by_role("button", name="Add it").click()
    expect(panel.get_by_text("placed for Alice")).to_be_visible()
    done = run_as_shown(shown, own_key.parent, own_key, "id -un")
    assert done.stdout.strip() == "exouser", done.stderr

    panel.get_by_role("listitem").filter(has_text="alice@laptop").get_by_role("button").click()
    panel.get_by_role("button", name="Remove it").click()
    expect(panel.get_by_text("placed for Alice")).to_have_count(0)
    assert run_as_shown(shown, own_key.parent, own_key, "id -un").returncode == 255
    assert complaints == []


def test_a_teammate_is_let_in_and_shut_out(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any], complaints: list[str]
) -> None:
    sign_in(page, "alice")
    page.goto(f"{demo.url}/instances/{machine['id']}/ssh/")
    people = page.locator("#people")
    people.get_by_label("Let in a teammate").select_option(label="Bob Okafor")
    people.get_by_role("button", name="Let in").click()
    expect(people.get_by_role("listitem").filter(has_text="Bob Okafor")).to_be_visible()
    with demo.api("bob") as api:
        answer = api.post(f"instances/{machine['id']}/ssh/certificates", json={"public_key": "hello"})
        assert answer.status_code == 422, "let in, so it is the key that is wrong"
    people.get_by_role("button", name="Shut out Bob Okafor").click()
    expect(people.get_by_role("listitem").filter(has_text="Bob Okafor")).to_have_count(0)
    with demo.api("bob") as api:
        answer = api.post(f"instances/{machine['id']}/ssh/certificates", json={"public_key": "hello"})
        assert answer.status_code == 403
    assert complaints == []


def _until_a_shell_is_open(demo: Demo) -> None:
    end = time.monotonic() + 60
    with demo.api("alice") as api:
        while time.monotonic() < end:
            found = api.get("connections", params={"live": True}).raise_for_status().json()["items"]
            if any(one["kind"] == "shell" and one["started_at"] for one in found):
                return
            time.sleep(0.5)
    raise AssertionError("the shell did not open")


def test_a_machine_made_elsewhere_is_opened_by_its_kept_passphrase_and_then_takes_certificates(
    demo: Demo, page: Page, context: BrowserContext, sign_in: SignIn
) -> None:
    with demo.api("alice") as api:
        rows = api.get("instances", params={"allocation": "cis220046-iu"}).json()["items"]
    foreign = f"{demo.url}/instances/{next(row['id'] for row in rows if row['name'] == 'trainer-a100')}"
    sign_in(page, "alice")
    page.goto(f"{foreign}/ssh/")
    page.get_by_role("link", name="Let certificates in").click()
    expect(page.get_by_label("Script that lets certificates in")).to_contain_text("sudo sh -s")
    page.get_by_role("button", name="Run the script for me").click()
    expect(page.get_by_text("Open a shell first")).to_be_visible()

    shell = context.new_page()
    shell.goto(f"{foreign}/shell/")
    shell.get_by_role("button", name="Use the passphrase that Exosphere keeps").click()
    _until_a_shell_is_open(demo)
    page.get_by_role("button", name="Run the script for me").click()
    expect(page.get_by_text("takes certificates for exouser")).to_be_visible(timeout=30_000)
    shell.close()

    page.get_by_role("link", name="Back to SSH").last.click()
    expect(page.get_by_label("Your public key")).to_be_visible()


def test_another_host_key_stops_the_shell_and_leads_to_the_page_about_it(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any]
) -> None:
    fault = f"servers/{machine['server_id']}/guest"
    # What is open already would be used again: only a new connection is shown the other key.
    demo.control("PATCH", fault, {"ssh": "hangup", "hangup_after": 0})
    page.wait_for_timeout(1000)
    demo.control("PATCH", fault, {"ssh": "changed-host-key"})
    try:
        sign_in(page, "alice")
        page.goto(f"{demo.url}/instances/{machine['id']}/shell/")
        page.goto(
            demo.url + str(page.get_by_role("link", name="Look at its host keys").get_attribute("href"))
        )
        expect(page.get_by_text("shows another key than this machine has")).to_be_visible()
        expect(page.get_by_role("heading", name="Shown just now")).to_be_visible()
        page.get_by_label("The last 8 characters").fill("12345678")
        page.get_by_role("button", name="I compared it").click()
        expect(page.get_by_text("That is not the end of its fingerprint")).to_be_visible()
    finally:
        demo.control("PATCH", fault, {"ssh": ""})


@pytest.mark.parametrize("path", ["", "trust/", "host-keys/"])
def test_on_a_phone_nothing_is_wider_than_the_page(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any], path: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "alice")
    page.goto(f"{demo.url}/instances/{machine['id']}/ssh/{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
