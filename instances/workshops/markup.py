"""Hand-outs and house rules: Markdown of people as markup that is safe to show. Pure.

HTML in it is shown as the text that it is, pictures are left out (nothing is fetched from elsewhere), and links lead
to the web or to an address for mail, nowhere else.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# What is longer is cut: nobody reads it, and parsing it would keep a page waiting.
LONGEST = 100_000
_SCHEMES = frozenset({"http", "https", "mailto"})
# A page has its own title and its parts' titles; those of a hand-out stand below them.
_DEEPER = 2


def render(text: str) -> SafeString:
    """Markup of the text; empty for an empty one."""
    return _rendered(text[:LONGEST])


def titles(text: str) -> list[str]:
    """The titles of its parts, in order, as plain text: what steps are suggested from."""
    tokens = _MARKDOWN.parse(text[:LONGEST])
    return [
        tokens[place + 1].content.strip()
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and tokens[place + 1].content.strip()
    ]


@lru_cache(maxsize=128)
def _rendered(text: str) -> SafeString:
    return mark_safe(_MARKDOWN.render(text)) if text.strip() else SafeString("")  # noqa: S308  (no HTML passes)


def _may_lead_to(url: str) -> bool:
    try:
        return urlsplit(url.strip()).scheme.lower() in _SCHEMES
    except ValueError:
        return False


def _lower_titles(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + _DEEPER)}"


def _leads_outside(self: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    tokens[place].attrSet("rel", "noopener noreferrer nofollow")
    tokens[place].attrSet("target", "_blank")
    found: str = self.renderToken(tokens, place, options, env)
    return found


def _markdown() -> MarkdownIt:
    made = MarkdownIt("js-default", {"html": False, "maxNesting": 20}).disable("image")
    made.validateLink = _may_lead_to  # type: ignore[method-assign]
    made.core.ruler.push("lower_titles", _lower_titles)
    made.add_render_rule("link_open", _leads_outside)
    return made


_MARKDOWN = _markdown()
