"""What the page does with what the socket brings."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.script_page import push, show

ROW = (
    '<table><tbody><tr id="row-1" data-version="{version}"><td><input type="checkbox" name="id" value="1"></td>'
    '<td><a href="/one/">one</a> {words}</td></tr></tbody></table>'
)


def row(version: int, words: str) -> str:
    return ROW.format(version=version, words=words)


def html(version: int, words: str) -> dict[str, object]:
    fresh = row(version, words).removeprefix("<table><tbody>").removesuffix("</tbody></table>")
    item = {"element": "row-1", "version": version, "html": fresh, "name": "instances:changed"}
    return {"html": [{**item, "detail": {"id": "1"}}]}


def heard(page: Page) -> list[str]:
    return [name for name, _ in page.evaluate("window.heard")]


def test_newer_markup_replaces_older(page: Page, complaints: list[str]) -> None:
    show(page, row(3, "Active"))
    push(page, html(4, "Stopped"))
    expect(page.locator("#row-1")).to_contain_text("Stopped")
    assert page.locator("#row-1").get_attribute("data-version") == "4"
    assert complaints == []


@pytest.mark.parametrize("version", [2, 3])
def test_markup_that_is_not_newer_is_left_aside(page: Page, version: int) -> None:
    show(page, row(3, "Active"))
    push(page, html(version, "Stopped"))
    push(page, {"changed": [{"name": "done", "detail": {}}]})
    assert "Active" in page.locator("#row-1").inner_text()


def test_a_tick_and_the_focus_stay_where_they_were(page: Page) -> None:
    show(page, row(3, "Active"))
    page.locator("#row-1 input").check()
    page.locator("#row-1 a").focus()
    push(page, html(4, "Stopped"))
    assert page.locator("#row-1 input").is_checked()
    assert page.evaluate("document.activeElement.textContent") == "one"


def test_an_element_that_is_not_here_becomes_an_event(page: Page) -> None:
    show(page, "<p>another page</p>")
    page.evaluate("listen('instances:changed', 'live-swapped')")
    push(page, html(4, "Stopped"))
    assert page.evaluate("window.heard") == [["instances:changed", {"id": "1"}]]


def test_events_and_samples_reach_the_page(page: Page) -> None:
    show(page, "")
    page.evaluate("listen('allocation:changed', 'samples')")
    push(
        page,
        {"changed": [{"name": "allocation:changed", "detail": {"slug": "a"}}], "samples": {"i1": [{"t": 1}]}},
    )
    assert page.evaluate("window.heard") == [
        ["allocation:changed", {"slug": "a"}],
        ["samples", {"instance": "i1", "samples": [{"t": 1}]}],
    ]


@pytest.mark.parametrize(
    "text", ["not json", "[]", "{}", '{"html": [{"element": "row-1", "version": 9, "html": ""}]}']
)
def test_a_message_that_is_none_harms_nothing(page: Page, complaints: list[str], text: str) -> None:
    show(page, row(3, "Active"))
    page.evaluate("(t) => window.sockets[0].dispatchEvent(new MessageEvent('message', {data: t}))", text)
    push(page, html(4, "Stopped"))
    expect(page.locator("#row-1")).to_contain_text("Stopped")
    assert complaints == []


def test_markup_is_not_run(page: Page) -> None:
    show(page, row(3, "Active"))
    push(page, html(4, "<img src=x onerror='window.ran = 1'><script>window.ran = 2</script>"))
    expect(page.locator("#row-1 img")).to_have_count(1)
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None


def test_topics_of_the_page_are_asked_for(page: Page) -> None:
    show(page, "", attributes='data-topics="allocation:a-iu instance:1"')
    assert page.evaluate("window.sockets[0].url").endswith("/ws/live/?t=allocation%3Aa-iu&t=instance%3A1")


def test_a_lost_socket_is_said_and_comes_back_with_a_refetch(page: Page) -> None:
    show(page, "")
    page.evaluate("listen('live-back', 'heal')")
    page.evaluate("window.sockets[0].close()")
    expect(page.locator(".live-word")).to_have_text("reconnecting")
    expect(page.locator(".live-word")).to_have_text("live", timeout=4000)
    assert sorted(heard(page)) == ["heal", "live-back"]
    assert page.evaluate("window.sockets.length") == 2


def test_who_lost_access_is_not_connected_again(page: Page) -> None:
    show(page, "")
    page.evaluate("listen('live-ended')")
    push(page, {"end": "no-access"})
    page.evaluate("window.sockets[0].close(4403)")
    page.wait_for_timeout(2000)
    assert page.evaluate("window.sockets.length") == 1
    assert page.locator("#live-state").get_attribute("data-state") == "off"
    assert heard(page)[0] == "live-ended"


def test_ages_count_on(page: Page) -> None:
    show(
        page,
        '<time data-age datetime="2026-01-01T00:00:00Z">x</time><time data-ago datetime="bad">kept</time>',
    )
    expect(page.locator("time").first).not_to_have_text("x")
    assert page.locator("time").nth(1).inner_text() == "kept"


def test_a_bar_grows_with_time_and_never_claims_to_be_there(page: Page) -> None:
    show(
        page,
        '<progress max="100" data-usual="10" data-since="2020-01-01T00:00:00Z"></progress>'
        '<progress max="100" data-usual="1000000000" data-since="2020-01-01T00:00:00Z"></progress>',
    )
    late, early = page.locator("progress").nth(0), page.locator("progress").nth(1)
    expect(late).to_have_class("going-late")
    assert 98 < late.evaluate("(bar) => bar.value") < 100
    assert 2 <= early.evaluate("(bar) => bar.value") < 50
