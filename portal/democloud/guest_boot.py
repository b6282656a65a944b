"""What a booting guest prints, and when: kernel, systemd, cloud-init, Exosphere's status lines."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from portal.democloud.guest_load import Usage, gpu_model
from portal.democloud.guest_spec import GuestSpec, HostKeys, key_fingerprint

KERNELS = {
    "ubuntu": ("6.8.0-64-generic", "Ubuntu 24.04.2 LTS"),
    "rocky": ("5.14.0-503.40.1.el9_5.x86_64", "Rocky Linux 9.5 (Blue Onyx)"),
    "debian": ("6.1.0-37-cloud-amd64", "Debian GNU/Linux 12 (bookworm)"),
    "almalinux": ("5.14.0-503.40.1.el9_5.x86_64", "AlmaLinux 9.5 (Teal Serval)"),
}
SETUP_STEPS = ("starting", "running", "complete")


@dataclass(frozen=True)
class Stage:
    """Lines printed together, `at` seconds (unscaled) after power on; `reached` is what the guest now is."""

    at: float
    lines: tuple[str, ...]
    reached: str = ""


@dataclass(frozen=True)
class Setup:
    """What runs in the guest beside cloud-init: our portal's script, and the person's."""

    ours: bool = False
    script_exit: int | None = None


def boot_stages(
    spec: GuestSpec, keys: HostKeys, *, first: bool, now: float, setup: Setup = Setup()
) -> Iterator[Stage]:
    """In order of time. On the first boot of a disk cloud-init shows the keys and runs the set-up.

    `reached` is "ssh", "up", a status of the set-up, or "again" for the status of an earlier boot."""
    end = spec.boot_seconds
    yield Stage(0.02 * end, tuple(_kernel_lines(spec)))
    yield Stage(0.35 * end, tuple(_systemd_lines(spec)))
    yield Stage(0.6 * end, (_cloud_init("init", now, 0.6 * end),))
    if first and spec.from_exosphere:
        yield Stage(0.65 * end, (), "starting")
    if first:
        yield Stage(0.7 * end, (*_key_table(spec), *_fingerprint_lines(spec, keys, now)))
    if first or setup.ours:
        yield Stage(0.72 * end, tuple(_host_key_lines(spec, keys)), "" if first else "again")
    yield Stage(0.8 * end, (_cloud_init("modules:config", now, 0.8 * end),), "ssh")
    if first and spec.from_exosphere:
        yield Stage(0.9 * end, (), "running")
    yield Stage(end, (_cloud_init("modules:final", now, end), *_login_lines(spec)), "up")
    if first and spec.from_exosphere and spec.metadata.get("democloud:setup") != "stuck":
        failed = spec.metadata.get("democloud:setup") == "error" or bool(setup.script_exit)
        after = end + spec.setup_seconds
        if setup.script_exit is not None:
            yield Stage(after, (script_line(setup.script_exit, now + after),))
        yield Stage(after, (), "error" if failed else "complete")


def setup_line(status: str, now: float) -> str:
    """Exosphere's set-up line; its epoch is in milliseconds."""
    return f'{{"status":"{status}", "epoch": {int(now)}000}}'


def script_line(code: int, now: float) -> str:
    """What our set-up script says when the person's boot script has ended."""
    return f'{{"helio": "boot-script", "exit": {code}, "epoch": {int(now)}}}'


def usage_line(usage: Usage, now: float) -> str:
    """Exosphere's usage line, once a minute from cron; its epoch is in seconds."""
    return json.dumps(
        {
            "epoch": int(now),
            "cpuPctUsed": round(usage.cpu),
            "memPctUsed": round(usage.ram),
            "rootfsPctUsed": round(usage.disk),
            "gpuPctUsed": [round(gpu.util) for gpu in usage.gpus] or None,
        }
    )


def _kernel_lines(spec: GuestSpec) -> Iterator[str]:
    kernel, _ = KERNELS[spec.distro]
    yield f"[    0.000000] Linux version {kernel} (gcc (GCC) 13.2.0, GNU ld 2.42) #1 SMP PREEMPT_DYNAMIC"
    yield f"[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz-{kernel} root=LABEL=cloudimg-rootfs ro"
    yield "[    0.000000] KVM: kvm-clock: Using msrs 4b564d01 and 4b564d00"
    yield f"[    0.004312] Memory: {spec.ram_mb * 1000}K/{spec.ram_mb * 1024}K available"
    yield f"[    0.131021] smp: Brought up 1 node, {spec.vcpus} CPUs"
    yield "[    0.612833] virtio_blk virtio2: [vda] "
    yield f"[    0.613420]  {spec.disk_gb * 2097152} 512-byte logical blocks ({spec.disk_gb} GiB)"
    for index, gpu in enumerate(spec.gpus):
        model, _ = gpu_model(gpu)
        yield f"[    1.20{index}113] nvidia 0000:0{6 + index}:00.0: enabling device (0000 -> 0002) [{model}]"
    yield "[    1.488210] EXT4-fs (vda1): mounted filesystem ro with ordered data mode."


def _systemd_lines(spec: GuestSpec) -> Iterator[str]:
    _, system = KERNELS[spec.distro]
    yield "[    2.101884] systemd[1]: Detected virtualization kvm."
    yield f"[    2.110038] systemd[1]: Hostname set to <{spec.hostname}>."
    yield f"\nWelcome to \x1b[1m{system}\x1b[0m!\n"
    for unit in ("Journal Service", "udev Kernel Device Manager", "Network Configuration", "D-Bus"):
        yield f"[\x1b[0;32m  OK  \x1b[0m] Started {unit}."


def _cloud_init(module: str, now: float, uptime: float) -> str:
    when = datetime.fromtimestamp(now, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return (
        f"[{uptime:12.6f}] cloud-init[712]: Cloud-init v. 24.4.1 running '{module}' at {when}. "
        f"Up {uptime:.2f} seconds."
    )


def _key_table(spec: GuestSpec) -> Iterator[str]:
    if not spec.key:
        return
    user = spec.default_user
    title = f"Authorized keys from /home/{user}/.ssh/authorized_keys for user {user}"
    kind, _, comment = [*spec.key.split(maxsplit=2), "", "", ""][:3]
    yield f"ci-info: {title:+^100}"
    yield "ci-info: | Keytype | Fingerprint (sha256) | Options | Comment |"
    yield f"ci-info: | {kind} | {key_fingerprint(spec.key)} | - | {comment[:40] or '-'} |"


def _fingerprint_lines(spec: GuestSpec, keys: HostKeys, now: float) -> Iterator[str]:
    prefix = datetime.fromtimestamp(now, UTC).strftime("<14>%b %d %H:%M:%S cloud-init: ")
    yield prefix + "#" * 61
    yield prefix + "-----BEGIN SSH HOST KEY FINGERPRINTS-----"
    yield from (prefix + line for line in keys.fingerprint_lines(spec.hostname))
    yield prefix + "-----END SSH HOST KEY FINGERPRINTS-----"
    yield prefix + "#" * 61


def _host_key_lines(spec: GuestSpec, keys: HostKeys) -> Iterator[str]:
    yield "-----BEGIN SSH HOST KEY KEYS-----"
    yield from keys.public_lines(spec.hostname)
    yield "-----END SSH HOST KEY KEYS-----"


def _login_lines(spec: GuestSpec) -> Iterator[str]:
    _, system = KERNELS[spec.distro]
    yield ""
    yield f"{system} {spec.hostname} ttyS0"
    yield ""
    yield f"{spec.hostname} login: "
