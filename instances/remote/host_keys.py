"""Which host keys of a machine are known: what its console log told, and what a person vouched for."""

from instances.models import Instance
from instances.remote.models import HostKeyPin


def known(instance: Instance) -> list[str]:
    """`<type> <base64>` each; empty where nobody has said anything yet."""
    pinned = HostKeyPin.objects.filter(instance=instance, ended_at=None).values_list("key", flat=True)
    return list(dict.fromkeys([*map(str, instance.host_keys), *pinned]))
