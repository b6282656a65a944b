"""Hand-outs: what people write is shown, and can do nothing."""

import pytest

from instances.workshops.markup import LONGEST, render, titles


def test_markdown_becomes_markup_below_the_titles_of_the_page() -> None:
    shown = render("# Day one\n\nRun `ls` and **look**.\n\n- a\n- b\n\n| x | y |\n|---|---|\n| 1 | 2 |")
    assert "<h3>Day one</h3>" in shown
    assert "<code>ls</code>" in shown and "<strong>look</strong>" in shown
    assert shown.count("<li>") == 2 and "<table>" in shown


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "a <b onclick=alert(1)>b</b>",
        "```<script>\nx\n```",
        "`<script>`",
    ],
)
def test_html_of_people_is_text(text: str) -> None:
    shown = render(text)
    assert "<script" not in shown and "<img" not in shown and "<b " not in shown and "<a " not in shown


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JaVaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "/accounts/logout/",
        "//evil.example",
        "java\tscript:alert(1)",
        "&#106;avascript:alert(1)",
    ],
)
def test_links_lead_to_the_web_or_nowhere(target: str) -> None:
    assert "<a " not in render(f"[x]({target})")
    assert "<a " not in render(f"[x][1]\n\n[1]: {target}")


def test_a_link_to_the_web_opens_beside_and_tells_nothing() -> None:
    shown = render("[here](https://example.org/a?b=1&c=2)")
    assert 'href="https://example.org/a?b=1&amp;c=2"' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown and 'target="_blank"' in shown
    assert "<a " in render("[mail](mailto:tara@example.org)")


def test_pictures_are_not_fetched() -> None:
    assert "<img" not in render("![spy](https://evil.example/pixel.png)")


def test_quotes_in_a_link_stay_in_it() -> None:
    assert 'onmouseover="' not in render('[x](https://a.example/"onmouseover="alert(1))')
    assert 'onmouseover="' not in render('[x](<https://a.example/" onmouseover="alert(1)>)')


def test_what_is_too_long_is_cut_and_what_is_nested_too_deep_ends() -> None:
    assert len(render("a" * (LONGEST + 5000))) < LONGEST + 100
    assert len(render("> " * 5000 + "x")) < 100_000
    assert render("") == "" and render(" \n ") == ""


def test_titles_are_what_steps_are_suggested_from() -> None:
    assert titles("# One\ntext\n## Two `x`\n\n#\n") == ["One", "Two `x`"]
