"""Registered at start: our own kinds, and what we have sealed."""

from portal.accounts import looking
from portal.core.resealing import Tally, column, store
from portal.notices import retiring as retiring  # registers its kind
from portal.notices.models import Mail, Webhook


@store
def reseal(tally: Tally) -> None:
    """The secrets of webhooks, and texts of mails that wait."""
    column(Webhook.objects.all(), "sealed_secret", tally)
    column(Mail.objects.all(), "sealed_text", tally)


# Addresses of webhooks may hold a secret of the program that they lead to.
looking.close({"notices:webhooks", "notices:webhook", "notices:announcements", "notices:announcement"})
