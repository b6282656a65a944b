"""Hooks into the layers below."""

from instances import hooks
from instances.mirror.details import on_console
from instances.remote import operations, problems_jump  # noqa: F401 (they register what they have)
from instances.remote import problems_desktop, problems_ports, problems_trust  # noqa: F401 (their words)
from instances.remote import authority, host_keys, opening, resealing, trust
from portal.accounts import hooks as accounts
from portal.core.resealing import store

hooks.trusted_authorities(authority.trusted)
hooks.machine_trusts(trust.launched)
on_console(host_keys.console_was_read)
accounts.on_signed_out(opening.signed_out)
store(resealing.reseal_authorities)
store(resealing.reseal_recordings)
