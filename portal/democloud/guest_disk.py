"""What lies on a guest's fresh disk: a system, its people, what the user-data wrote, and things worth browsing."""

import posixpath
import stat
import time

from portal.democloud import guest_seat, guest_sshd, guest_users
from portal.democloud.guest_boot import KERNELS
from portal.democloud.guest_files import Files
from portal.democloud.guest_node import Disk, Node
from portal.democloud.guest_oddities import odd_names, unicode_sample
from portal.democloud.guest_spec import GuestSpec
from portal.democloud.guest_store import Content, Store
from portal.democloud.guest_userdata import AGENT_FILE, UserData
from portal.democloud.guest_web import proc_net_tcp

SMALL_DISK = 1 << 20
MANY = 10_000
LOG_LINE = (
    b"2026-03-01T12:00:00Z worker[4711]: step finished, nothing to report, going on with the next one\n"
)
SYSTEM_USERS = ("daemon:x:1:1::/usr/sbin:/usr/sbin/nologin", "sshd:x:104:65534::/run/sshd:/usr/sbin/nologin")
FOLDERS = (
    *("/bin", "/boot", "/dev", "/etc/apt/apt.conf.d", "/home", "/lib", "/mnt", "/opt", "/proc", "/run/sshd"),
    *("/srv", "/usr/bin", "/usr/share", "/var/lib", "/var/log"),
)
SSHD_CONFIG = """\
# This is the sshd server system-wide configuration file.
Include /etc/ssh/sshd_config.d/*.conf
KbdInteractiveAuthentication no
X11Forwarding no
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
"""


def fresh(spec: GuestSpec, data: UserData, store: Store, disk: Disk) -> Files:
    files = Files(store, disk)
    for folder in FOLDERS:
        files.folders(folder)
    files.folders("/tmp", mode=0o1777)  # noqa: S108 - a guest's
    files.folders("/root", mode=0o700)
    _system(files, spec)
    _people(files, spec, data)
    for path, content in data.files.items():
        if path != AGENT_FILE:  # its key is nobody's to read
            _written(files, path, content, data.modes.get(path, 0o644))
    _things_to_see(files, spec)
    seat = guest_seat.of(data)
    if seat is not None:
        guest_seat.settle(files, seat)
    return files


def _written(files: Files, path: str, content: bytes, mode: int) -> None:
    """As cloud-init does: a file that cannot be written is left out."""
    try:
        files.put(posixpath.normpath("/" + path.lstrip("/")), content, mode=mode)
    except OSError:
        return


def _system(files: Files, spec: GuestSpec) -> None:
    _, name = KERNELS[spec.distro]
    files.put("/etc/hostname", spec.hostname + "\n")
    files.put("/etc/os-release", f'PRETTY_NAME="{name}"\nID={spec.distro}\n')
    files.put("/etc/hosts", f"127.0.0.1 localhost\n{spec.fixed_address or '127.0.1.1'} {spec.hostname}\n")
    processors = (f"processor\t: {n}\nmodel name\t: AMD EPYC-Milan\n\n" for n in range(spec.vcpus))
    files.put("/proc/cpuinfo", "".join(processors))
    files.put("/proc/net/tcp", proc_net_tcp())
    files.put("/proc/net/tcp6", proc_net_tcp().splitlines(keepends=True)[0])
    files.put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n" + "\n".join(SYSTEM_USERS) + "\n")
    files.put("/etc/group", "root:x:0:\nadm:x:4:\nsudo:x:27:\nwheel:x:998:\nadmin:x:999:\n")
    files.put("/etc/shadow", "root:*:19000:0:99999:7:::\n", mode=0o640)
    password = "yes" if spec.from_exosphere and spec.passphrase else "no"
    files.put(guest_sshd.MAIN, SSHD_CONFIG)
    files.put("/etc/ssh/sshd_config.d/50-cloud-init.conf", f"PasswordAuthentication {password}\n", mode=0o600)


def _people(files: Files, spec: GuestSpec, data: UserData) -> None:
    names = {spec.default_user: ()} | ({"exouser": ()} if spec.from_exosphere else {}) | data.user_keys
    seat = guest_seat.of(data)
    plain = {seat.login} if seat else set()
    for name, keys in names.items():
        shell = data.shells.get(name, "/bin/bash")
        interactive = shell not in guest_users.NO_LOGIN
        groups = ("sudo", "adm") if interactive and name not in plain else ()
        account = guest_users.add_user(files, name, groups=groups, shell=shell)
        own = [spec.key] if spec.key and name in {spec.default_user, "exouser"} else []
        lines = [key.splitlines()[0] for key in (*keys, *own) if key.strip()]
        folder = f"{account.home}/.ssh"
        files.folders(folder, mode=0o700, owner=account.who)
        path = f"{folder}/authorized_keys"
        files.put(path, "".join(line + "\n" for line in lines), mode=0o600, who=account.who)


def _things_to_see(files: Files, spec: GuestSpec) -> None:
    files.mkdir("/opt/many").fill = lambda: _many(files.store)
    files.mkdir("/srv/locked", mode=0o700)
    files.put("/srv/locked/secret.txt", "only root reads this\n")
    files.made("/srv/big.log", LOG_LINE, 1 << 30)
    files.made("/srv/zero.bin", b"\0" * 4096, 8 << 30)
    files.put("/usr/share/demo/unicode.txt", unicode_sample())
    files.put("/usr/share/demo/long.txt", "".join(f"line {n} of 2000\n" for n in range(1, 2001)))
    owner = guest_users.accounts(files)[spec.default_user].who
    home = next((one.who for name, one in guest_users.accounts(files).items() if name == "exouser"), owner)
    files.folders(f"{home.home}/names", owner=home)
    for name in odd_names():
        files.put(f"{home.home}/names/{name}", f"{name!r}\n", who=home)
    files.mkdir("/mnt/small", mode=0o1777).disk = _small()


def _small() -> Disk:
    used = [0]

    def more(size: int) -> None:
        used[0] = max(0, used[0] + size)

    return Disk(lambda: SMALL_DISK, lambda: used[0], more)


def _many(store: Store) -> dict[str, Node]:
    now = time.time()
    return {
        f"sample-{number:05}.csv": Node(
            stat.S_IFREG | 0o644, mtime=now - number, content=Content(store, b"t,value\n%d,0.5\n" % number)
        )
        for number in range(1, MANY + 1)
    }
