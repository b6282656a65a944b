"""How long and how many, as portal.yaml's `remote` has it."""

from django.conf import settings

from portal.cloud.config import clouds
from portal.cloud.schema_remote import Remote

# Of certificates that the portal signs for a connection of its own.
CERTIFICATE_SECONDS = 120
# Seconds: to reach the machine and speak SSH; to be let in; until a silent connection is taken for dead.
CONNECT_SECONDS = 12.0
LOGIN_SECONDS = 20.0
KEEPALIVE_SECONDS = 15.0
KEEPALIVE_MISSED = 3
# Between two looks whether the person still may.
RECHECK_SECONDS = 60.0
# Bytes on their way to one viewer that have not been drawn yet; and what a page that comes back is shown of the past.
WINDOW_BYTES = 256 * 1024
RING_BYTES = 256 * 1024


def remote() -> Remote:
    return clouds().remote


def ports_enabled() -> bool:
    return bool(settings.PORTS_SITE) and remote().ports
