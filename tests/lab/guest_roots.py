"""The guest set-up in root directories of other releases, where no image of theirs can be booted:

python -m tests.lab.guest_roots --roots DIR [--make] [--as-rocky] [SUITE ...]     as root; --make gets missing roots (debootstrap)

In each root the distribution's own cloud-init takes our user-data, in namespaces of its own; then guest.sh runs (twice),
systemd checks the units, the agent pushes to a listener, and the root's sshd takes and refuses certificates. systemd itself does
not run there: enabling is real, starting is not. Ends with 1 when a check failed.
"""

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from instances.principals import principal
from instances.userdata import UNITS, build, version
from tests.lab.guest_checks import Check
from tests.lab.guest_portal import new_key, public_half
from tests.lab.guest_root_parts import Root, agent_pushes, certificates
from tests.lab.guest_ssh import USER

INSTANCE = "0192aaaa-0000-7000-8000-000000000001"
UBUNTU = ("focal", "jammy", "noble")
SUITES = ("bullseye", "bookworm", "trixie", *UBUNTU)
PACKAGES = "systemd,systemd-sysv,python3,openssh-server,sudo,procps,passwd"
# Only what user-data of ours asks for; a chroot has no disk to grow and no network to set up.
CLOUD_CFG = """\
datasource_list: [NoCloud, None]
datasource: {NoCloud: {seedfrom: /seed/}}
network: {config: disabled}
cloud_init_modules: [bootcmd, write-files, users-groups, ssh]
cloud_config_modules: [set-passwords, runcmd]
cloud_final_modules: [scripts-user]
"""
# What differs on Rocky 8 and can be had without it: names, places, and an sshd that reads no drop-ins.
AS_ROCKY = """\
groupdel sudo; groupadd -r wheel
mkdir -p /usr/libexec; cp -L /usr/bin/python3 /usr/libexec/platform-python; rm /usr/bin/python3 /usr/bin/apt-get
sed -i /^Include/d /etc/ssh/sshd_config
mv /lib/systemd/system/ssh.service /lib/systemd/system/sshd.service
ln -sf bash /bin/sh
printf '#!/bin/sh\\necho "$*" >> /restored\\n' > /usr/sbin/restorecon; chmod 755 /usr/sbin/restorecon
"""
STAGES = ("init --local", "init", "modules --mode config", "modules --mode final")


@contextlib.contextmanager
def layered(suite: str, below: Path) -> Iterator[Root]:
    """A copy-on-write view of one release's root directory, gone afterwards."""
    work = Path(tempfile.mkdtemp(prefix=f"helio-{suite}-"))
    for name in ("upper", "work", "root"):
        (work / name).mkdir()
    layers = f"lowerdir={below},upperdir={work}/upper,workdir={work}/work"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, work / "root"], check=True)
    try:
        yield Root(work / "root")
    finally:
        subprocess.run(["umount", work / "root"], check=True)
        shutil.rmtree(work)


def make(suite: str, path: Path) -> None:
    """With cloud-init in a second step: debootstrap alone leaves what depends on it half configured."""
    ubuntu = suite in UBUNTU
    mirror = "http://archive.ubuntu.com/ubuntu" if ubuntu else "http://deb.debian.org/debian"
    script = f"/usr/share/debootstrap/scripts/{'gutsy' if ubuntu else 'sid'}"
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}"]
    # Ubuntu's keys are in no package of Debian's; these roots run nothing but this check.
    command += ["--no-check-gpg", "--components=main,universe"] if ubuntu else []
    subprocess.run([*command, suite, path, mirror, script], check=True, stdout=subprocess.DEVNULL)
    (path / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (path / "usr/sbin/policy-rc.d").chmod(0o755)
    install = "apt-get update -q && apt-get install -y -q --no-install-recommends cloud-init"
    subprocess.run(["chroot", path, "sh", "-c", install], check=True, stdout=subprocess.DEVNULL)


def user_data(authority: str, person: str) -> bytes:
    return build(
        instance_id=INSTANCE,
        username="exouser",
        ssh_keys=[person],
        desktop=False,
        boot_script="echo ran >> /root/boot-script-ran",
        push_url="http://127.0.0.1:8/metrics/push",
        metrics_key="k" * 43,
        ca_public_keys=[authority],
    )


def cloud_init(root: Root, data: bytes) -> Iterator[Check]:
    seed = root.path / "seed"
    seed.mkdir()
    (seed / "meta-data").write_text(f"instance-id: {INSTANCE}\nlocal-hostname: guest\n")
    (seed / "user-data").write_bytes(data)
    (root.path / "etc/cloud/cloud.cfg.d/99_check.cfg").write_text(CLOUD_CFG)
    (root.path / "var/lib/cloud/data").mkdir(parents=True, exist_ok=True)
    schema = root.run("cloud-init schema -c /seed/user-data || cloud-init devel schema -c /seed/user-data")
    yield Check(
        "its cloud-init's schema accepts the user-data", schema.returncode == 0, schema.stdout + schema.stderr
    )
    done = root.run(" && ".join(f"cloud-init {stage}" for stage in STAGES))
    yield Check(
        "its cloud-init takes the user-data", done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    )
    there = [(root.path / "etc/systemd/system" / unit).exists() for unit in UNITS]
    yield Check("it wrote the files", all(there) and (root.path / "opt/heliosphere/guest.sh").exists())


def set_up(root: Root, group: str) -> Iterator[Check]:
    script = "sh /opt/heliosphere/guest.sh"
    first = root.run(f"{script} start && {script} setup && {script} boot")
    yield Check("guest.sh ends well", first.returncode == 0, first.stdout + first.stderr)
    status = root.run(f"cat /var/lib/heliosphere/{INSTANCE}/status").stdout
    yield Check("the set-up is complete", '"complete"' in status, status + first.stderr)
    before = tree(root)
    again = root.run(f"{script} start && {script} setup && {script} boot")
    yield Check("again it changes nothing", again.returncode == 0 and tree(root) == before, again.stderr)
    ran = root.run("cat /root/boot-script-ran").stdout
    yield Check("the boot script ran once", ran == "ran\n", ran)
    enabled = root.run(f"systemctl is-enabled {' '.join(UNITS)}").stdout.split()
    yield Check("the units are enabled", enabled == ["enabled"] * len(UNITS), str(enabled))
    person = root.run(
        "id -nG exouser; stat -c '%a %U:%G' /etc/heliosphere/agent.json; id -un heliosphere"
    ).stdout
    wanted = group in person.split() and "640 root:heliosphere" in person and person.endswith("heliosphere\n")
    yield Check("the accounts are right", wanted, person)
    told = root.run("sed -n 2p /opt/heliosphere/guest.sh").stdout
    yield Check("it says the portal's version", version() in told, told)
    verified = root.run(f"systemd-analyze verify {' '.join(f'/etc/systemd/system/{unit}' for unit in UNITS)}")
    ours = [line for line in verified.stderr.splitlines() if "heliosphere" in line]
    yield Check("its systemd understands the units", not ours, "\n".join(ours))


def rocky(root: Root) -> Iterator[Check]:
    """What set_up did where sshd reads no drop-ins and files have labels."""
    first = root.run(
        "sed -n 1p /etc/ssh/sshd_config; cat /restored; grep -c heliosphere_ca /etc/ssh/sshd_config"
    ).stdout
    wanted = "TrustedUserCAKeys /etc/ssh/heliosphere_ca.pub\n/etc/ssh/sshd_config\n1\n"
    yield Check("sshd_config has our lines once, first, and its label again", first == wanted, first)


def tree(root: Root) -> str:
    """All that the set-up may write, but for what each boot prints anew."""
    places = "/opt /etc /var/lib/heliosphere /root"
    found = root.run(
        f"find {places} -type f ! -name line ! -name keys -printf '%p %m %u %g ' -exec md5sum {{}} ';' | sort"
    )
    return found.stdout


def check(suite: str, below: Path, folder: Path, *, as_rocky: bool) -> Iterator[Check]:
    authority, person = new_key(folder / f"{suite}-authority"), new_key(folder / f"{suite}-person")
    with layered(suite, below) as root:
        data = user_data(public_half(authority), public_half(person))
        yield from cloud_init(root, data)
        if as_rocky:
            done = root.run(AS_ROCKY)
            yield Check("the root looks like Rocky's", done.returncode == 0, done.stderr)
        yield from set_up(root, "wheel" if as_rocky else "sudo")
        if as_rocky:
            yield from rocky(root)
        yield from agent_pushes(root)
        yield from certificates(root, principal(INSTANCE, USER), authority, folder / suite)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*", default=SUITES)
    parser.add_argument("--roots", type=Path, required=True)
    parser.add_argument("--make", action="store_true")
    parser.add_argument("--as-rocky", action="store_true", help="with the names and places of Rocky 8")
    given = parser.parse_args()
    failed = 0
    for suite in given.suites:
        path = given.roots / suite
        if given.make and not path.exists():
            make(suite, path)
        with tempfile.TemporaryDirectory() as folder:
            for one in check(suite, path, Path(folder), as_rocky=given.as_rocky):
                failed += not one.passed
                sys.stdout.write(
                    f"{suite:<10} {'ok  ' if one.passed else 'FAIL'} {one.name}{'' if one.passed else ': ' + one.found}\n"
                )
                sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
