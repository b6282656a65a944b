"""What free, df, uptime, ps, top and nvidia-smi print in a guest."""

from datetime import UTC, datetime

from portal.democloud.guest_host import Host


def uptime_line(host: Host) -> str:
    usage = host.load.usage(host.now())
    clock = datetime.fromtimestamp(host.now(), UTC).strftime("%H:%M:%S")
    minutes = int(host.uptime // 60)
    up = f"{minutes // 1440} days, " if minutes >= 1440 else ""
    up += f"{minutes // 60 % 24}:{minutes % 60:02}" if minutes >= 60 else f"{minutes} min"
    load = usage.load1
    return f" {clock} up {up},  1 user,  load average: {load:.2f}, {load * 0.9:.2f}, {load * 0.7:.2f}\n"


def free_report(host: Host) -> str:
    usage = host.load.usage(host.now())
    total, used = usage.ram_total_mb * 1024, usage.ram_used_mb * 1024
    cache = min(total - used, total // 6)
    return (
        "               total        used        free      shared  buff/cache   available\n"
        f"Mem:    {total:12}{used:12}{total - used - cache:12}{1200:12}{cache:12}{total - used:12}\n"
        f"Swap:   {0:12}{0:12}{0:12}\n"
    )


def df_report(host: Host) -> str:
    usage = host.load.usage(host.now())
    total, used = int(usage.disk_total_gb * (1 << 20)), int(usage.disk_used_gb * (1 << 20))
    return (
        "Filesystem     1K-blocks      Used Available Use% Mounted on\n"
        f"/dev/vda1      {total:9} {used:9} {total - used:9} {round(usage.disk):3}% /\n"
        f"tmpfs          {usage.ram_total_mb * 512:9} {0:9} {usage.ram_total_mb * 512:9}   0% /dev/shm\n"
    )


def _processes(host: Host) -> list[tuple[int, str, float, float, str]]:
    """Process id, user, CPU and memory share, command: the busiest first."""
    now = host.now()
    usage = host.load.usage(now)
    listed = [(1, "root", 0.0, 0.1, "/sbin/init"), (712, "root", 0.0, 0.6, "/usr/sbin/sshd -D")]
    busy = usage.cpu * host.spec.vcpus
    for index, spell in enumerate(host.load.stresses):
        if spell.start <= now < spell.end:
            listed.append(
                (2100 + index, "root", round(100 * spell.cpu, 1), round(100 * spell.ram, 1), "stress")
            )
            busy -= 100 * spell.cpu * host.spec.vcpus
    listed.append(
        (1893, host.spec.default_user, round(max(0.0, busy), 1), round(usage.ram / 2, 1), "python3 run.py")
    )
    return sorted(listed, key=lambda process: -process[2])


def ps_report(host: Host, user: str) -> str:
    lines = [f"{pid:7} {who:<9} {cpu:5} {mem:5} {name}\n" for pid, who, cpu, mem, name in _processes(host)]
    return "    PID USER       %CPU  %MEM COMMAND\n" + "".join(lines)


def top_report(host: Host, user: str) -> str:
    usage = host.load.usage(host.now())
    head = (
        f"top -{uptime_line(host)}"
        f"%Cpu(s): {usage.cpu:5.1f} us, {0.4:4.1f} sy, {max(0.0, 99.6 - usage.cpu):5.1f} id\n"
        f"MiB Mem : {usage.ram_total_mb:9.1f} total, {usage.ram_total_mb - usage.ram_used_mb:9.1f} free, "
        f"{usage.ram_used_mb:9.1f} used\n\n"
    )
    return head + ps_report(host, user)


def smi_report(host: Host) -> str:
    """Empty for a guest without a GPU."""
    usage = host.load.usage(host.now())
    if not usage.gpus:
        return ""
    bar = "+" + "-" * 77 + "+\n"
    text = bar + f"| NVIDIA-SMI 550.144.03    Driver Version: 550.144.03    CUDA Version: 12.4{'':4}|\n" + bar
    for index, gpu in enumerate(usage.gpus):
        memory = f"{gpu.mem_used_mb}MiB / {gpu.mem_total_mb}MiB"
        left = f"| {index}  {gpu.name[:26]:<26} {gpu.temperature}C {gpu.power_watts:4}W |"
        text += f"{left} {memory:>21} | {round(gpu.util):3}%{'':9}|\n"
    return text + bar
