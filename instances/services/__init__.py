"""Everything that changes machines: checked against the mirror, stored as operations, carried out by workers.

Nothing in here calls a cloud.
"""

from instances.services.acting import ActResult, act, act_many
from instances.services.consoles import ConsoleLink, console_url, refresh_console
from instances.services.keys import NewKey, generate_key, refresh_keys
from instances.services.launching import launch
from instances.services.portal_acts import act_for_portal
from instances.services.portal_launch import launch_for_portal
from instances.services.preview import Need, Preview, preview

__all__ = [
    "ActResult",
    "ConsoleLink",
    "Need",
    "NewKey",
    "Preview",
    "act",
    "act_for_portal",
    "act_many",
    "console_url",
    "generate_key",
    "launch",
    "launch_for_portal",
    "preview",
    "refresh_console",
    "refresh_keys",
]
