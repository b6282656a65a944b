"""What must be true inside a guest that the portal set up; each check names what it found when it is not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from instances.principals import principal
from instances.userdata import version
from tests.lab.guest_portal import LabPortal, new_key
from tests.lab.guest_ssh import USER, Guest

AGENT = "heliosphere-agent.service"
HARDENED = {"User": "heliosphere", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes"}
# Times, sizes and modes of all that the set-up writes; what runs may change only its own state.
TREE = (
    "find /opt/heliosphere /etc/heliosphere /etc/ssh /etc/systemd/system /etc/passwd /etc/group /var/lib/heliosphere "
    "-type f ! -name line ! -name keys -printf '%p %m %u %g %s %T@\\n' | sort"
)


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    found: str = ""


def service(guest: Guest) -> Iterator[Check]:
    names = ",".join([*HARDENED, "ActiveState", "UnitFileState", "NRestarts"])
    shown = dict(line.split("=", 1) for line in guest.root(f"systemctl show -p {names} {AGENT}").splitlines())
    yield Check("agent is active", shown["ActiveState"] == "active", str(shown))
    yield Check("agent is enabled", shown["UnitFileState"] == "enabled", str(shown))
    yield Check("agent is hardened", all(shown[k] == v for k, v in HARDENED.items()), str(shown))
    owner = guest.root(f"ps -o user= -p $(systemctl show -p MainPID --value {AGENT})")
    yield Check("agent runs as its own account", owner.strip().startswith("heliosp"), owner)
    secret = guest.root("stat -c '%a %U:%G' /etc/heliosphere/agent.json")
    yield Check("its key is read by it and root only", secret == "640 root:heliosphere", secret)


def person(guest: Guest, public_key: str) -> Iterator[Check]:
    groups = guest.run("id -nG").text.split()
    yield Check("the person may become root", {"sudo", "wheel"} & set(groups) != set(), str(groups))
    keys = guest.run("cat ~/.ssh/authorized_keys").text
    yield Check("the person has the key and no other", keys.split()[1:2] == public_key.split()[1:2], keys)
    locked = guest.root(f"getent shadow {USER} | cut -d: -f2")
    yield Check("there is no password", locked.startswith(("!", "*")), locked[:3])


def host_keys(guest: Guest, told: tuple[str, ...]) -> Iterator[Check]:
    files = guest.root("cat /etc/ssh/ssh_host_*_key.pub").splitlines()
    there = {" ".join(line.split()[:2]) for line in files}
    yield Check("the console told the host keys of sshd", set(told) == there, f"{told} {there}")


def certificates(guest: Guest, portal: LabPortal, instance: str) -> Iterator[Check]:
    config = guest.root("mkdir -p /run/sshd; sshd -T").lower()
    wanted = ("trustedusercakeys /etc/ssh/heliosphere_ca.pub", "/etc/ssh/heliosphere_principals/%u")
    yield Check("sshd trusts the portal's certificates", all(text in config for text in wanted))
    stranger = new_key(guest.folder / "stranger")
    own, other = principal(instance, USER), principal("0192aaaa-0000-7000-8000-000000000001", USER)
    cases: list[tuple[str, bool, dict[str, str]]] = [
        ("a certificate for this machine logs in", True, {}),
        ("one for another machine is refused", False, {"principal": other}),
        ("one for another login of it is refused", False, {"principal": principal(instance, "root")}),
        ("one for the account's name is refused", False, {"principal": USER}),
        ("one that has expired is refused", False, {"validity": "-20m:-10m"}),
        ("one that is not yet valid is refused", False, {"validity": "+10m:+20m"}),
    ]
    for name, allowed, given in cases:
        key = guest.certificate(portal.authority, **{"principal": own, **given})
        done = guest.run("id -un", key=key)
        yield Check(name, (done.code == 0 and done.text == USER) is allowed, done.text + done.error)
    done = guest.run("id -un", key=guest.certificate(stranger, own))
    yield Check("one of another authority is refused", done.code != 0, done.error)
    done = guest.run("id -un", key=guest.certificate(portal.authority, own), user="root")
    yield Check("one for root is refused", done.code != 0, done.error)


def set_up(guest: Guest, instance: str) -> Iterator[Check]:
    status = guest.root(f"cat /var/lib/heliosphere/{instance}/status")
    yield Check("the set-up is complete", '"complete"' in status, status)
    script = guest.root("head -2 /opt/heliosphere/guest.sh")
    yield Check("its version is the portal's", version() in script, script)
    failed = guest.run("systemctl --failed --no-legend --plain").text
    yield Check("no unit failed", "heliosphere" not in failed, failed)
    before = guest.root(TREE)
    guest.root("sh /opt/heliosphere/guest.sh setup; sh /opt/heliosphere/guest.sh start")
    after = guest.root(TREE)
    changed = _difference(before, after)
    yield Check("setting up again changes nothing", not changed, changed)


def settled(guest: Guest, instance: str) -> Iterator[Check]:
    """After a restart: set up once, and not again."""
    done = guest.root(f"stat -c %Y /var/lib/heliosphere/{instance}/done; uptime -s")
    at, boot = done.splitlines()
    began = guest.root(f"date -d '{boot}' +%s")
    yield Check("it was not set up a second time", int(at) < int(began), done)


def _difference(before: str, after: str) -> str:
    """Lines of one only, without the times of files that are written again with the same content."""
    times = re.compile(r" [\d.]+$", re.MULTILINE)
    return "\n".join(sorted(set(times.sub("", before).splitlines()) ^ set(times.sub("", after).splitlines())))


def without_packages(guest: Guest) -> Iterator[Check]:
    newer = guest.root(
        "find /var/lib/apt/lists /var/lib/dpkg/info /var/lib/rpm /var/lib/dnf -type f "
        '-newermt "$(uptime -s)" 2>/dev/null | head -3; true'
    )
    yield Check("nothing was installed or downloaded", newer == "", newer)


def everything(
    guest: Guest, portal: LabPortal, instance: str, told: tuple[str, ...], public_key: str
) -> Iterator[Check]:
    yield from service(guest)
    yield from person(guest, public_key)
    yield from host_keys(guest, told)
    yield from certificates(guest, portal, instance)
    yield from without_packages(guest)
    yield from set_up(guest, instance)
