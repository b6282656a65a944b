"""What this app keeps sealed, moved to the newest key."""

from instances.remote.models import CertificateAuthority, Recording
from portal.core.resealing import Tally, column


def reseal_authorities(tally: Tally) -> None:
    """Private keys of the certificate authorities: of retired ones too."""
    column(CertificateAuthority.objects.all(), "sealed_private_key", tally)


def reseal_recordings(tally: Tally) -> None:
    """Each recording's file has a key of its own: that is what moves, and the files stay as they are."""
    column(Recording.objects.all(), "sealed_key", tally)
