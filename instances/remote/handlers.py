"""Hooks into the layers below."""

from allocations import hooks_people
from instances import hooks
from instances.mirror.details import on_console
from instances.remote import (  # noqa: F401 (some register by being imported: words, ways out, operations)
    authority,
    closing,
    host_keys,
    left,
    looking,
    offers,
    operations,
    own_parts,
    problems_desktop,
    problems_jump,
    problems_ports,
    problems_shell,
    problems_trust,
    resealing,
    ssh_ways,
    trust,
)
from portal.accounts import hooks as accounts
from portal.core.resealing import store

hooks.trusted_authorities(authority.trusted)
hooks.machine_trusts(trust.launched)
hooks.ssh_ways(ssh_ways.ways)
on_console(host_keys.console_was_read)
accounts.on_signed_out(closing.signed_out)
store(resealing.reseal_authorities)
store(resealing.reseal_recordings)
hooks_people.left_behind(left.sessions_left)
hooks_people.on_ended(left.membership_ended)
hooks_people.holding_source(left.last_seen)
