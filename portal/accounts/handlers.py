"""Hooks into the core, registered at start."""

from portal.accounts import hooks, impersonation
from portal.accounts.models import CloudCredential, CloudLink, ToolCredential
from portal.core.resealing import Tally, column, store

hooks.on_signed_out(impersonation.signed_out)


@store
def reseal(tally: Tally) -> None:
    """Credentials, and logins that are on their way to a worker."""
    column(CloudCredential.objects.all(), "sealed_secret", tally)
    column(CloudLink.objects.all(), "sealed_login", tally)
    column(ToolCredential.objects.all(), "sealed_secret", tally)
