"""Time left counts down by the server's clock, warns once at each limit, and says when it is over."""

from playwright.sync_api import Page, expect

from tests.browser.script_page import show

LEFT = (
    '<span class="time-left" data-left="2026-06-01T11:00:00+00:00" data-left-now="{now}"{warns}>'
    "<span data-left-words>Meeting 1 of 2 ends</span> in <time data-left-span>?</time></span>"
)


def left(now: str, warns: str = " data-left-warns") -> str:
    return LEFT.format(now=now, warns=warns)


def ready(page: Page, body: str) -> None:
    page.clock.install()
    show(page, body, extra=("workshops/left",))
    page.evaluate("window.over = 0; document.body.addEventListener('time-left:over', () => window.over++)")


def test_it_counts_from_the_servers_now_whatever_this_clock_shows(page: Page) -> None:
    ready(page, left("2026-06-01T10:17:00+00:00"))
    span = page.locator("[data-left-span]")
    expect(span).to_have_text("43 min")
    page.clock.run_for(60_000)
    expect(span).to_have_text("42 min")


def test_it_warns_once_as_each_limit_is_crossed(page: Page) -> None:
    ready(page, left("2026-06-01T10:44:50+00:00") * 2)
    toasts = page.locator("#toasts .toast-note")
    expect(toasts).to_have_count(0)
    page.clock.run_for(15_000)
    expect(page.locator("#toasts")).to_contain_text("Meeting 1 of 2 ends in 15 minutes.")
    # Two of these on one page tell once, and mark themselves.
    expect(toasts).to_have_count(1)
    expect(page.locator(".time-left-soon")).to_have_count(2)


def test_who_comes_late_is_not_warned_of_what_they_read_anyway(page: Page) -> None:
    ready(page, left("2026-06-01T10:57:00+00:00"))
    page.clock.run_for(5_000)
    expect(page.locator(".time-left-soon")).to_have_count(1)
    expect(page.locator("#toasts .toast-note")).to_have_count(0)


def test_a_beginning_is_counted_down_to_without_warnings(page: Page) -> None:
    ready(page, left("2026-06-01T10:44:50+00:00", warns=""))
    page.clock.run_for(30_000)
    expect(page.locator("#toasts .toast-note")).to_have_count(0)
    expect(page.locator(".time-left-soon")).to_have_count(0)


def test_when_it_is_over_the_page_hears_once(page: Page) -> None:
    ready(page, left("2026-06-01T10:59:57+00:00"))
    expect(page.locator("[data-left-span]")).to_have_text("3 s")
    page.clock.run_for(6_000)
    expect(page.locator("[data-left-span]")).to_have_text("a moment")
    assert page.evaluate("window.over") == 1
