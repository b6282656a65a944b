"""Tags and filters that every template has without loading them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.core.errors import explain

register = template.Library()

_UNITS = (("d", 86400), ("h", 3600), ("min", 60))
# Older than this and the page says when the cloud was last read.
_FRESH = timedelta(minutes=5)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A drawing from the icon sheet; decoration unless it has a label."""
    return _drawing(name, label)


@lru_cache(maxsize=512)
def _drawing(name: str, label: str) -> SafeString:
    sheet = static("vendor/icons.svg")
    if label:
        shape = '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"></use></svg>'
        return format_html(shape, label, sheet, name)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', sheet, name)


@register.filter
def duration(value: timedelta | float | None) -> str:
    """The largest unit that fits: `3 d`, `5 h`, `12 min`, `40 s`."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    """How long since, as a <time> that a script can keep current and a pointer shows exactly."""
    if value is None:
        return "never"
    past = timezone.now() - value
    words = "just now" if past < timedelta(seconds=5) else f"{duration(past)} ago"
    stamp = value.astimezone(timezone.get_current_timezone())
    exact = f"{stamp:%Y-%m-%d %H:%M:%S %Z}"
    return format_html('<time datetime="{}" title="{}" data-ago>{}</time>', value.isoformat(), exact, words)


@register.filter
def age(value: datetime | None) -> SafeString | str:
    """How long it has existed, as a <time> that a script keeps current."""
    if value is None:
        return "–"
    exact = f"{value.astimezone(timezone.get_current_timezone()):%Y-%m-%d %H:%M %Z}"
    words = duration(timezone.now() - value)
    return format_html('<time datetime="{}" title="{}" data-age>{}</time>', value.isoformat(), exact, words)


@register.filter
def su(value: Decimal | float | None) -> str:
    """Service units: two digits below 10, one below 1,000, none above; `–` where the rate is unknown."""
    number = _decimal(value)
    if number is None:
        return "–"
    size = abs(number)
    places = 2 if size < 10 else 1 if size < 1000 else 0
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def gb(megabytes: float | None) -> str:
    """RAM, which clouds give in MB, in GB."""
    number = _decimal(megabytes)
    if number is None:
        return "–"
    size = number / 1024
    text = f"{size:,.1f}".removesuffix(".0")
    return f"{text} GB"


@register.filter
def age_note(value: Any, seen_at: datetime | None) -> SafeString | str:
    """The value, and where the cloud was not read for a while the time when it last was."""
    shown = "–" if value is None or value == "" else value
    if seen_at is None:
        return format_html('{} <span class="text-warning">not read yet</span>', shown)
    if timezone.now() - seen_at < _FRESH:
        return format_html("{}", shown)
    since = seen_at.astimezone(timezone.get_current_timezone())
    pattern = "%H:%M" if timezone.now() - seen_at < timedelta(hours=20) else "%Y-%m-%d %H:%M"
    return format_html(
        '{} <span class="text-warning">not read since {}</span>', shown, since.strftime(pattern)
    )


@register.inclusion_tag("_problem.html")
def problem(error_id: str, params: Mapping[str, Any] | None = None, detail: str = "") -> dict[str, Any]:
    """The catalogue's words for an error that is kept in a row."""
    return {"problem": explain(error_id, params), "error_id": error_id, "detail": detail}


@register.filter
def get(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """`mapping[key]` where the key is a variable; nothing where it is absent."""
    return mapping.get(key) if mapping else None


def _decimal(value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
