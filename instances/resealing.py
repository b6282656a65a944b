"""Boot scripts of launches that are on their way, moved to the newest key."""

from portal.core.errors import PortalError
from portal.core.resealing import Tally
from portal.core.seal import reseal
from portal.operations.models import Operation


def reseal_boot_scripts(tally: Tally) -> None:
    """A launch that has ended needs its script no more."""
    launches = Operation.objects.filter(kind="instance.launch", state__in=Operation.LIVE)
    for launch in launches.exclude(spec__sealed_boot_script="").only("pk", "spec"):
        sealed = launch.spec.get("sealed_boot_script", "")
        if not sealed:
            continue
        try:
            spec = {**launch.spec, "sealed_boot_script": reseal(sealed)}
        except PortalError:
            tally.unopened += 1
            continue
        tally.moved += launches.filter(pk=launch.pk).update(spec=spec)
