"""Whether what people are told gets out: the mail server, what waits too long, webhooks that fail."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.utils import timezone

from portal.core.doctor import Finding, Plan, clean, degraded, note, ok, probe, untried
from portal.env_mail import FILES
from portal.notices import mails
from portal.notices.models import Mail, Sending, Webhook

_LATE = timedelta(minutes=30)


@probe("Telling people", place=130)
def outgoing(plan: Plan) -> Iterator[Finding]:
    if not mails.configured():
        says = "none is configured: people hear of nothing outside of the portal"
        yield degraded("mail server", says, "Set EMAIL_URL and DEFAULT_FROM_ADDRESS (docs/operations.md).")
    elif settings.EMAIL_BACKEND == FILES:
        yield note(
            "mail server", f"mails are written to files in {settings.EMAIL_FILE_PATH}, and reach nobody"
        )
    elif not plan.network:
        yield untried("mail server", f"{settings.EMAIL_HOST}: not tried without the network")
    else:
        yield _mail_server()
    yield from _waiting()
    yield from _webhooks()


def _mail_server() -> Finding:
    """Opens a connection, with its password where it wants one, and sends nothing."""
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    server: Any = get_connection()
    try:
        server.open()
    except (smtplib.SMTPException, OSError) as error:
        todo = "Check EMAIL_URL, the way there and the password; mails wait for some days."
        return degraded("mail server", f"{where}: {clean(error)}", todo)
    server.close()
    return ok("mail server", f"{where} lets us in, as {settings.DEFAULT_FROM_EMAIL}")


def _waiting() -> Iterator[Finding]:
    now = timezone.now()
    late = Mail.objects.filter(state=Mail.State.WAITING, created_at__lt=now - _LATE, attempts__gt=0)
    count = late.count()
    if count:
        said = late.order_by("-id").values_list("error", flat=True).first()
        todo = "See what it answers; they are tried again by themselves."
        yield degraded("mails", f"{count} wait for the mail server, which last said: {clean(said)}", todo)
    failed = Mail.objects.filter(state=Mail.State.FAILED, created_at__gt=now - timedelta(days=7)).count()
    if failed:
        yield note("mails", f"{failed} of the last seven days were given up: the admin pages say why")
    if not count and not failed:
        yield ok("mails", "none waits, and none was given up in the last seven days")


def _webhooks() -> Iterator[Finding]:
    failing = Webhook.objects.filter(failing_since__isnull=False, disabled_at=None).count()
    behind = Sending.objects.filter(
        state=Sending.State.WAITING, attempts=0, created_at__lt=timezone.now() - _LATE
    ).count()
    if behind:
        todo = "Is a worker running, with a way out to the internet by https?"
        yield degraded("webhooks", f"{behind} events wait that nobody has tried to send", todo)
    if failing:
        yield note("webhooks", f"{failing} of people's webhooks do not answer at the moment")
    elif not behind:
        yield ok("webhooks", f"{Webhook.objects.filter(disabled_at=None).count()}, none of which fails")
