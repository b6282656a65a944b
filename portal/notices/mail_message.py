"""How a mail reads: plain text, the same as HTML, and the headers that mail programs act upon."""

from email.utils import format_datetime, formataddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from portal.accounts.time_zones import local
from portal.cloud.config import clouds
from portal.core.doctor import clean
from portal.core.seal import unseal
from portal.notices import unsubscribing
from portal.notices.attachments import unpacked
from portal.notices.kinds import title_of
from portal.notices.models import Mail


def message_of(mail: Mail, server: Any = None) -> EmailMultiAlternatives:
    """The same row makes the same message, so that a repetition can be told."""
    context = context_of(mail)
    message = EmailMultiAlternatives(
        subject=clean(mail.subject, 200),
        body=render_to_string("notices/mail.txt", context),
        from_email=formataddr((clouds().branding.title, settings.DEFAULT_FROM_EMAIL)),
        to=[mail.to_address],
        headers=headers_of(mail),
        connection=server,
    )
    message.attach_alternative(render_to_string("notices/mail.html", context), "text/html")
    for one in unpacked(mail.attachments):
        message.attach(one.name, one.content, one.type)
    return message


def headers_of(mail: Mail) -> dict[str, str]:
    headers = {
        "Message-ID": f"<{mail.pk}@{urlsplit(settings.SITE_URL).hostname}>",
        "Date": format_datetime(mail.created_at),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if mail.user is not None and mail.kind:
        link = _site(unsubscribing.path(mail.user, mail.kind))
        headers["List-Unsubscribe"] = f"<{link}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def context_of(mail: Mail) -> dict[str, Any]:
    known = mail.user is not None
    text = unseal(mail.sealed_text) if mail.sealed_text else mail.text
    return {
        "mail": mail,
        "text": text,
        "branding": clouds().branding,
        "paragraphs": text.split("\n\n"),
        "link": _site(mail.url) if mail.url else "",
        "at": f"{local(mail.created_at, mail.user):%Y-%m-%d %H:%M %Z}",
        "name": str(mail.user) if known else "",
        "kind": title_of(mail.kind) if mail.kind else "",
        "unsubscribe": _site(unsubscribing.path(mail.user, mail.kind)) if mail.user and mail.kind else "",
        "preferences": _site(reverse("notices:preferences")) if known else "",
    }


def _site(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
