"""A server's console: its log, a picture of its screen, and the password it may have left."""

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.types import Console
from portal.core.errors import PortalError

# Best first. A cloud offers one of them, rarely more.
KINDS = (("vnc", "novnc"), ("spice", "spice-html5"), ("serial", "serial"))
_NOT_THIS_KIND = frozenset({"cloud:bad-request", "cloud:unsupported", "cloud:not-found"})


@translate.translated("compute")
def console_output(cloud: Cloud, server_id: str, lines: int | None = None) -> str:
    """The last `lines` lines of the serial console, or all that the cloud keeps."""
    wanted = {} if lines is None else {"length": lines}
    body = calls.compute(cloud, "POST", f"/servers/{server_id}/action", json={"os-getConsoleOutput": wanted})
    return str(body["output"] or "")


@translate.translated("compute")
def remote_console(cloud: Cloud, server_id: str) -> Console:
    """A console in the browser, of the best kind that this cloud has. Its URL is a secret of its own.

    `cloud:no-console` where it has none of them.
    """
    refusal: PortalError | None = None
    for protocol, kind in KINDS:
        wanted = {"remote_console": {"protocol": protocol, "type": kind}}
        try:
            body = calls.compute(
                cloud, "POST", f"/servers/{server_id}/remote-consoles", least="2.6", json=wanted
            )
        except PortalError as error:
            if error.id not in _NOT_THIS_KIND:
                raise
            refusal = refusal or error
            # The machine is not there: no other kind would change that.
            if error.id == "cloud:not-found":
                break
            continue
        found = body["remote_console"]
        return Console(protocol=found["protocol"], type=found["type"], url=found["url"])
    if refusal is None or refusal.id == "cloud:bad-request":
        kinds = ", ".join(kind for _, kind in KINDS)
        raise PortalError("cloud:no-console", kinds=kinds, detail=refusal.detail if refusal else "")
    raise refusal


@translate.translated("compute")
def server_password(cloud: Cloud, server_id: str) -> str:
    """What the guest left at the metadata service, empty when nothing. A secret: never log it."""
    return str(calls.compute(cloud, "GET", f"/servers/{server_id}/os-server-password")["password"] or "")


def clear_server_password(cloud: Cloud, server_id: str) -> None:
    calls.compute(cloud, "DELETE", f"/servers/{server_id}/os-server-password")
