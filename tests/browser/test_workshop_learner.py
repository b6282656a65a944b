"""Dave takes part in a class: he waits for his machine, types on it, says how far he is, is spoken to, and asks for help."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.classes import taught
from tests.browser.running import Demo
from tests.browser.test_sharing import WITHOUT_WEBGL

SignIn = Callable[[Page, str], None]
# A machine is built meanwhile, and reached through a jump host that is built too.
BUILT_MS, REACHED_MS = 120_000, 120_000


def test_a_learner_comes_in_works_and_is_helped(
    demo: Demo, page: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    workshop = taught(demo, by="carol", seats=1, learners=("dave",))
    # What the terminal draws as markup can be read.
    page.add_init_script(WITHOUT_WEBGL)
    sign_in(page, "dave")
    page.goto(f"{demo.url}/w/{workshop}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Shells for three")

    # It becomes the seat by itself, whatever it was when the page was opened.
    expect(page.get_by_text("connected", exact=True)).to_be_visible(timeout=BUILT_MS + REACHED_MS)
    page.locator(".xterm-helper-textarea").press_sequentially("echo $((40+2))\n")
    expect(page.locator("#w-shell .xterm-rows")).to_contain_text("42")

    page.get_by_role("button", name="Done with step 1").click()
    expect(page.get_by_text("1 of 2 done")).to_be_visible()

    with demo.api("carol") as api:
        said_by_carol = {"text": "Coffee is outside", "minutes": 20}
        api.post(f"workshops/{workshop}/messages", json=said_by_carol).raise_for_status()
    said = page.get_by_role("alert").filter(has_text="Coffee is outside")
    expect(said).to_be_visible()
    said.get_by_role("button", name="Got it").click()
    expect(said).to_have_count(0)

    page.locator("summary", has_text="I need help").click()
    page.get_by_label("What is it about?").fill("It says no")
    page.get_by_role("button", name="Ask for help").click()
    expect(page.get_by_text("You are next")).to_be_visible()
    page.get_by_role("button", name="I need no help any more").click()
    expect(page.locator("summary", has_text="I need help")).to_be_visible()

    page.get_by_role("tab", name="Files").click()
    expect(
        page.frame_locator("#w-files iframe").get_by_text("This folder", exact=False).first
    ).to_be_visible()
    assert complaints == []
