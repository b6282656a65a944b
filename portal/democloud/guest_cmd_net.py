"""Programs of a guest that reach out: to its neighbours, as far as the firewall lets them, and to the metadata service."""

from urllib.parse import urlsplit

from portal.democloud import guest_seat
from portal.democloud.guest_program import Process, program, split_options

METADATA = "169.254.169.254"
USER_DATA = ("/openstack/latest/user_data", "/latest/user-data")


@program("nc", "ncat", "netcat")
async def nc(process: Process, args: list[str]) -> int:
    """`nc -z host port`: whether something answers there."""
    _, names = split_options(_without_wait(args))
    if len(names) != 2 or not names[1].isdigit():
        return await process.fail("usage: nc -z host port", 1)
    host, port = names[0], int(names[1])
    found = process.host.reaches(host, port)
    words = {"open": "succeeded!", "refused": "failed: Connection refused"}
    about = f"{host} port {port} (tcp)"
    if found == "open":
        await process.err(f"Connection to {host} {port} port [tcp] {words[found]}\n")
        return 0
    await process.err(f"nc: connect to {about} {words.get(found, 'timed out: Operation now in progress')}\n")
    return 1


def _without_wait(args: list[str]) -> list[str]:
    """`-w 3` has a value."""
    at = args.index("-w") if "-w" in args else -1
    return args if at < 0 else [*args[:at], *args[at + 2 :]]


@program("curl", "wget")
async def curl(process: Process, args: list[str]) -> int:
    """The metadata service, and nothing else: a demo's guests have no way to the internet."""
    _, names = split_options(args)
    url = urlsplit(names[-1] if names else "")
    if url.hostname != METADATA:
        return await process.fail(f"(6) Could not resolve host: {url.hostname or ''}", 6)
    if process.who.uid != 0 and guest_seat.of(process.host.data) is not None:
        return await process.fail(f"(7) Failed to connect to {METADATA} port 80: Connection refused", 7)
    if url.path not in USER_DATA:
        return await process.fail("(22) The requested URL returned error: 404", 22)
    await process.out(process.host.spec.user_data or b"")
    return 0
