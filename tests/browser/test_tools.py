"""One's own tools, in a browser: files that are shown once and open the cloud, and commands that follow the form."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import openstack
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.running import Demo

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::ResourceWarning"
)
SLUG = "bio220047-iu"


@pytest.fixture
def alice(page: Page, sign_in: Callable[[Page, str], None]) -> Iterator[Page]:
    sign_in(page, "alice")
    page.wait_for_load_state()
    yield page


def connected(page: Page, demo: Demo) -> None:
    """The first visit connects the cloud; until then no credential can be made."""
    page.goto(f"{demo.url}/profile/tools/")
    for _ in range(60):
        if page.get_by_role("button", name="Make it").count():
            return
        page.wait_for_timeout(500)
        page.reload()


def servers(path: Path, entry: str) -> list[str]:
    """What the plain SDK sees with the downloaded file, in a process of nobody's."""
    config = openstack.config.OpenStackConfig(
        config_files=[str(path)], secure_files=[], vendor_files=[], load_envvars=False
    )
    with openstack.connection.Connection(config=config.get_one(entry)) as cloud:
        return [server.name for server in cloud.compute.servers()]


def test_files_are_made_shown_once_downloaded_used_and_revoked(
    alice: Page, demo: Demo, complaints: list[str], tmp_path: Path
) -> None:
    connected(alice, demo)
    alice.goto(f"{demo.url}/allocations/{SLUG}/tools/")
    alice.get_by_role("link", name="Make a credential and its files").click()
    expect(alice.get_by_label("Where")).to_have_value(re.compile(r"^demo/.+/IU$"))
    alice.get_by_label("Name", exact=True).fill('my "laptop" $x')
    alice.get_by_role("button", name="Make it").click()
    alice.get_by_role("button", name="Show its files").click()
    expect(alice.get_by_text("Save what you need now")).to_be_visible()
    with alice.expect_download() as download:
        alice.locator("#save-clouds").click()
    assert download.value.suggested_filename == "clouds.yaml"
    path = tmp_path / "clouds.yaml"
    download.value.save_as(path)
    assert servers(path, "demo-bio220047-iu")
    alice.get_by_role("link", name="I have them").click()
    alice.get_by_role("link", name='my "laptop" $x').click()
    expect(alice.get_by_text("kept nowhere here")).to_be_visible()
    alice.get_by_role("button", name="Revoke").click()
    expect(alice.get_by_text("is being deleted at the cloud")).to_be_visible()
    expect(alice.get_by_role("link", name='my "laptop" $x')).to_have_count(0, timeout=30_000)
    with pytest.raises(Exception, match=r"Could not find Application Credential|40[14]"):
        servers(path, "demo-bio220047-iu")
    assert complaints == []


def test_the_command_follows_the_launch_form_and_the_tab_stays_chosen(
    alice: Page, demo: Demo, complaints: list[str]
) -> None:
    alice.goto(f"{demo.url}/allocations/{SLUG}/launch/")
    alice.locator("details.command > summary").click()
    box = alice.locator("#launch-command")
    expect(box.get_by_role("tabpanel")).to_contain_text("server create")
    alice.get_by_label("Name", exact=True).fill("brave new lab")
    expect(box.get_by_role("tabpanel")).to_contain_text("'brave new lab'")
    box.get_by_role("tab", name="Python").click()
    alice.get_by_label("How many").fill("2")
    expect(box.get_by_role("tabpanel")).to_contain_text("'brave new lab 2 of 2',")
    expect(box.get_by_role("tab", name="Python")).to_have_attribute("aria-selected", "true")
    box.get_by_role("tab", name="Python").press("ArrowRight")
    expect(box.get_by_role("tab", name="Terraform")).to_be_focused()
    expect(box.get_by_role("tabpanel")).to_contain_text("openstack_compute_instance_v2")
    assert complaints == []


def test_the_command_of_a_dialog_follows_what_is_typed(
    alice: Page, demo: Demo, complaints: list[str]
) -> None:
    alice.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    alice.locator("td.c-name a").first.click()
    alice.get_by_text("More actions").click()
    alice.get_by_role("button", name="Rename…").click()
    dialog = alice.locator("#dialog")
    dialog.get_by_text("Show me the command").click()
    dialog.get_by_label("New name").fill("other-name")
    expect(dialog.get_by_role("tabpanel")).to_contain_text("--name other-name")
    expect(dialog.get_by_label("New name")).to_have_value("other-name")
    assert complaints == []


def test_without_a_script_the_three_ways_stand_one_under_the_other(
    browser: Browser, demo: Demo, alice: Page
) -> None:
    alice.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    address = alice.locator("td.c-name a").first.get_attribute("href")
    state = alice.context.storage_state()
    with browser.new_context(java_script_enabled=False, storage_state=state) as context:
        plain = context.new_page()
        plain.goto(f"{demo.url}{address}actions/snapshot/")
        plain.get_by_text("Show me the command").click()
        for title in ("Command line", "Python", "Terraform / OpenTofu"):
            expect(plain.get_by_role("heading", name=title)).to_be_visible()
        plain.get_by_label("Name of the image").fill("kept-image")
        plain.get_by_role("button", name="Work it out for what is chosen now").click()
        expect(plain.get_by_text("--name kept-image")).to_be_visible()
