"""The shell as people use it, on the whole demo: the real page, the real socket, SSH to a machine of the demo cloud."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.bench.bench_launches import body, until_offered
from tests.browser.running import Demo

SLUG = "bio220047-iu"
SignIn = Callable[[Page, str], None]
READY_SECONDS = 120


@pytest.fixture(scope="module")
def machine(demo: Demo) -> dict[str, Any]:
    """Alice's, launched by the portal, so that it takes the portal's certificates."""
    with demo.api("alice") as api:
        until_offered(api, SLUG)
        asked = {**body(api, SLUG, "shell-lab", 1), "address": "automatic"}
        made = api.post("instances", json=asked).raise_for_status().json()["operations"][0]
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            found: dict[str, Any] = api.get(f"instances/{made['target_id']}").json()
            if found["ready_at"]:
                return found
            time.sleep(1)
    raise AssertionError("the machine for the shell never became ready")


@pytest.fixture
def alice(page: Page, demo: Demo, sign_in: SignIn) -> Iterator[Page]:
    # Text is read from elements; the graphics card is tried in tests/browser/test_shell_script.py.
    page.add_init_script(
        "const kept = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        " return kind === 'webgl2' ? null : kept.call(this, kind, ...rest); };"
    )
    sign_in(page, "alice")
    yield page


def connected(page: Page, times: int = 1) -> None:
    expect(page.locator(".term:visible .xterm-rows")).to_contain_text("$", timeout=30_000)
    expect(page.locator("[data-part=state-word]:visible")).to_have_text("connected", timeout=30_000)


def shows(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator(".term:visible .xterm-rows")).to_contain_text(text, timeout=20_000)


def run(page: Page, command: str) -> None:
    page.locator(".term:visible .xterm-helper-textarea").focus()
    page.keyboard.type(command)
    page.keyboard.press("Enter")


def open_page(page: Page, demo: Demo, machine: dict[str, Any]) -> None:
    page.goto(f"{demo.url}/instances/{machine['id']}/shell/")
    connected(page)


def test_one_click_in_the_list_gives_a_prompt_beside_it(
    alice: Page, demo: Demo, machine: dict[str, Any], complaints: list[str]
) -> None:
    alice.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    alice.get_by_role("link", name="Shell on shell-lab").click()
    connected(alice)
    alice.keyboard.type("echo $((6*7)) && whoami")
    alice.keyboard.press("Enter")
    shows(alice, re.compile(r"42\s*exouser"))
    expect(alice.get_by_role("heading", name="Instances")).to_be_visible()
    assert complaints == []


def test_the_dock_and_what_runs_in_it_come_along_to_other_pages(
    alice: Page, demo: Demo, machine: dict[str, Any], complaints: list[str]
) -> None:
    alice.goto(f"{demo.url}/instances/{machine['id']}/")
    alice.get_by_role("link", name="Shell", exact=True).click()
    connected(alice)
    run(alice, "MARK=kept-$((20+3))")
    alice.goto(f"{demo.url}/profile/")
    connected(alice)
    run(alice, "echo it is $MARK")
    shows(alice, "it is kept-23")
    assert complaints == []


def test_a_reload_comes_back_into_the_running_shell(alice: Page, demo: Demo, machine: dict[str, Any]) -> None:
    open_page(alice, demo, machine)
    run(alice, "MARK=same-$((1+1))")
    alice.reload()
    connected(alice)
    run(alice, "echo the $MARK one")
    shows(alice, "the same-2 one")


def test_a_dropped_connection_comes_back_into_the_running_shell(
    alice: Page, demo: Demo, machine: dict[str, Any]
) -> None:
    sockets: list[WebSocketRoute] = []

    def between(route: WebSocketRoute) -> None:
        route.connect_to_server()
        sockets.append(route)

    alice.route_web_socket(re.compile("/ws/remote/"), between)
    open_page(alice, demo, machine)
    run(alice, "MARK=still-$((2+2)); echo ready")
    shows(alice, "ready")
    sockets[-1].close(code=1013, reason="dropped")
    expect(alice.locator("[data-part=down]")).to_be_visible()
    expect(alice.locator("[data-part=down]")).to_be_hidden(timeout=30_000)
    connected(alice)
    run(alice, "echo $MARK here")
    shows(alice, "still-4 here")
    assert len(sockets) >= 2


def test_colours_unicode_and_size_are_those_of_the_window(
    alice: Page, demo: Demo, machine: dict[str, Any], complaints: list[str]
) -> None:
    open_page(alice, demo, machine)
    run(alice, "printf '\\033[38;2;255;0;0mred\\033[0m grün 日本 ✓\\n'; stty size")
    shows(alice, "red grün 日本 ✓")
    rows = alice.locator(".xterm-rows > div").count()
    shows(alice, re.compile(rf"\b{rows} \d+"))
    alice.set_viewport_size({"width": 700, "height": 500})
    alice.wait_for_timeout(400)
    run(alice, "clear; stty size")
    rows = alice.locator(".xterm-rows > div").count()
    shows(alice, re.compile(rf"\b{rows} \d\d(?!\d)"))
    assert complaints == []


def test_hostile_output_is_only_output(
    alice: Page, demo: Demo, machine: dict[str, Any], complaints: list[str]
) -> None:
    open_page(alice, demo, machine)
    run(alice, "printf '\\033]52;c;ZXZpbA==\\007\\033]0;<img src=x>\\007<script>1</script>\\n'")
    shows(alice, "<script>1</script>")
    # Whatever keeps the shell there may hold a title back; alone it never stands.
    assert re.match("shell-lab: |Shell on shell-lab", alice.title())
    assert complaints == []


def test_ctrl_c_ends_a_flood_at_once(alice: Page, demo: Demo, machine: dict[str, Any]) -> None:
    open_page(alice, demo, machine)
    run(alice, "yes flooded")
    shows(alice, "flooded")
    alice.wait_for_timeout(1500)
    alice.keyboard.press("Control+C")
    alice.keyboard.type("echo stopped-$((40+2))")
    alice.keyboard.press("Enter")
    shows(alice, "stopped-42")


def test_leaving_the_shell_says_so_and_offers_another(
    alice: Page, demo: Demo, machine: dict[str, Any]
) -> None:
    open_page(alice, demo, machine)
    run(alice, "exit")
    expect(alice.get_by_role("heading", name="This shell has ended")).to_be_visible(timeout=20_000)
    expect(alice.locator(".term-panel")).to_contain_text("The shell was left.")
    alice.get_by_role("button", name="Open a new shell").click()
    connected(alice)


def test_signing_out_elsewhere_ends_it(alice: Page, demo: Demo, machine: dict[str, Any]) -> None:
    open_page(alice, demo, machine)
    other = alice.context.new_page()
    other.goto(f"{demo.url}/profile/")
    other.get_by_label(re.compile("^Your menu")).click()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(f"{demo.url}/**")
    # The page is the portal's again, which asks to sign in.
    expect(alice.get_by_role("button", name="Sign in with CILogon").first).to_be_visible(timeout=30_000)
    expect(alice.locator(".term")).to_have_count(0)


def test_somebody_without_a_right_to_it_gets_no_terminal(
    page: Page, demo: Demo, machine: dict[str, Any], sign_in: SignIn
) -> None:
    sign_in(page, "dave")
    answer = page.goto(f"{demo.url}/instances/{machine['id']}/shell/")
    assert answer is not None
    assert answer.status in {403, 404}
    expect(page.locator("#shell")).to_have_count(0)


def test_a_machine_without_a_way_to_it_says_what_to_do(alice: Page, demo: Demo) -> None:
    alice.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    alice.get_by_role("link", name="Shell on tree-builder").click()
    panel = alice.locator(".term-panel")
    expect(panel).to_contain_text("has no address that the portal can reach")
    panel.get_by_role("button", name="Give it a public address").click()
    expect(alice.locator("#dialog")).to_be_visible()


def test_a_machine_made_elsewhere_asks_for_a_key_or_password(alice: Page, demo: Demo) -> None:
    alice.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    alice.get_by_role("link", name="Shell on assembly-main").click()
    panel = alice.locator(".term-panel")
    expect(panel).to_contain_text("takes no certificate of the portal", timeout=20_000)
    panel.get_by_role("button", name="Use the passphrase that Exosphere keeps").click()
    connected(alice)
    run(alice, "whoami")
    shows(alice, "exouser")


def test_a_stopped_machine_says_why_there_is_no_shell(alice: Page, demo: Demo) -> None:
    alice.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    row = alice.locator("#list tr", has_text="bob-notebook")
    expect(row.get_by_title("No shell. It is suspended: resume it first.")).to_be_visible()
    expect(row.get_by_role("link", name="Shell on bob-notebook")).to_have_count(0)
