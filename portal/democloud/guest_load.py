"""What a guest's processor, memory, disk, network and GPUs do: a random walk, plus what `stress` adds."""

import math
import random
from dataclasses import dataclass, field

RELAX_SECONDS = 45.0  # how fast the walk returns to its mean
WANDER_SECONDS = 600.0  # how fast the mean itself moves
IDLE_STEP_SECONDS = 30.0  # an unobserved guest is caught up in steps of this size
MAX_STEPS = 40


@dataclass(frozen=True)
class Stress:
    """Extra demand between two moments of the guest's clock; shares are of the whole machine."""

    start: float
    end: float
    cpu: float = 0.0
    ram: float = 0.0
    gpu: float = 0.0


@dataclass(frozen=True)
class GpuUsage:
    name: str
    util: float  # percent
    mem_used_mb: int
    mem_total_mb: int
    temperature: int
    power_watts: int


@dataclass(frozen=True)
class Usage:
    cpu: float  # percent of all cores
    ram_used_mb: int
    ram_total_mb: int
    disk_used_gb: float
    disk_total_gb: float
    net_rx_bytes: int  # counters since boot
    net_tx_bytes: int
    load1: float
    gpus: tuple[GpuUsage, ...] = ()
    disk_read_bytes: int = 0  # counters since boot
    disk_write_bytes: int = 0
    logins: int = 0

    @property
    def ram(self) -> float:
        return 100.0 * self.ram_used_mb / max(1, self.ram_total_mb)

    @property
    def disk(self) -> float:
        return 100.0 * self.disk_used_gb / max(0.1, self.disk_total_gb)


# Placement's resource class, without CUSTOM_ -> what nvidia-smi calls the card, and its memory in MB.
GPU_MODELS = {
    "A100X_5C": ("GRID A100X-5C", 5120),
    "A100X_10C": ("GRID A100X-10C", 10240),
    "A100X_20C": ("GRID A100X-20C", 20480),
    "PCI_10DE_20B0": ("NVIDIA A100-SXM4-40GB", 40960),
    "PCI_10DE_26B9": ("NVIDIA L40S", 46068),
    "PCI_10DE_2330": ("NVIDIA H100 80GB HBM3", 81559),
}


def gpu_model(name: str) -> tuple[str, int]:
    return GPU_MODELS.get(name, (name, 40960))


@dataclass
class Load:
    """The walk of one guest. `advance(now)` moves it; the same seed gives the same walk."""

    seed: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    gpu_names: tuple[str, ...] = ()
    now: float = 0.0
    stresses: list[Stress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 - a walk, not a secret
        self.mean = self.rng.uniform(2, 35)
        self.cpu = self.mean
        self.ram = self.rng.uniform(8, 40)
        self.disk_used_gb = min(self.disk_gb * 0.8, self.rng.uniform(3.2, 9.5))
        self.gpu = [self.rng.uniform(0, 60) for _ in self.gpu_names]
        self.load1 = self.vcpus * self.cpu / 100
        self.rx = self.rng.randrange(40_000_000, 90_000_000)
        self.tx = self.rng.randrange(2_000_000, 9_000_000)
        self.read = self.rng.randrange(300_000_000, 900_000_000)
        self.written = self.rng.randrange(100_000_000, 400_000_000)

    def add(self, stress: Stress) -> None:
        self.stresses.append(stress)

    def cancel(self, stress: Stress) -> None:
        if stress in self.stresses:
            self.stresses.remove(stress)

    def advance(self, now: float) -> None:
        gap = now - self.now
        if gap <= 0:
            return
        steps = min(MAX_STEPS, max(1, math.ceil(gap / IDLE_STEP_SECONDS)))
        for _ in range(steps):
            self._step(gap / steps)
        self.now = now
        self.stresses = [s for s in self.stresses if s.end > now]

    def _step(self, dt: float) -> None:
        if self.rng.random() < dt / WANDER_SECONDS:
            self.mean = self.rng.choice([3.0, 8.0, 15.0, 35.0, 70.0]) * self.rng.uniform(0.7, 1.3)
        self.cpu = _towards(self.rng, self.cpu, self.mean, dt, 6.0)
        self.ram = _towards(self.rng, self.ram, 12 + self.mean * 0.5, dt, 1.2)
        self.gpu = [_towards(self.rng, g, min(95.0, self.mean * 1.6), dt, 9.0) for g in self.gpu]
        self.load1 += (self.vcpus * self.cpu / 100 - self.load1) * (1 - math.exp(-dt / 60))
        self.disk_used_gb = min(self.disk_gb * 0.97, self.disk_used_gb + dt * self.rng.uniform(0, 2e-6))
        self.rx += int(dt * (2_000 + self.cpu * self.rng.uniform(200, 9_000)))
        self.tx += int(dt * (800 + self.cpu * self.rng.uniform(80, 3_000)))
        self.read += int(dt * self.cpu * self.rng.uniform(0, 12_000))
        self.written += int(dt * (4_000 + self.cpu * self.rng.uniform(100, 9_000)))

    def usage(self, now: float, logins: int = 0) -> Usage:
        self.advance(now)
        active = [s for s in self.stresses if s.start <= now < s.end]
        cpu = _capped(self.cpu + 100 * sum(s.cpu for s in active))
        ram = _capped(self.ram + 100 * sum(s.ram for s in active), 97.0)
        extra_gpu = 100 * sum(s.gpu for s in active)
        return Usage(
            cpu=round(cpu, 1),
            ram_used_mb=int(self.ram_mb * ram / 100),
            ram_total_mb=self.ram_mb,
            disk_used_gb=round(self.disk_used_gb, 3),
            disk_total_gb=float(self.disk_gb),
            net_rx_bytes=self.rx,
            net_tx_bytes=self.tx,
            load1=round(max(self.load1, self.vcpus * sum(s.cpu for s in active)), 2),
            gpus=tuple(self._gpu(i, _capped(g + extra_gpu)) for i, g in enumerate(self.gpu)),
            disk_read_bytes=self.read,
            disk_write_bytes=self.written,
            logins=logins,
        )

    def _gpu(self, index: int, util: float) -> GpuUsage:
        name, total = gpu_model(self.gpu_names[index])
        return GpuUsage(
            name=name,
            util=round(util, 1),
            mem_used_mb=int(total * (0.02 + 0.008 * util)),
            mem_total_mb=total,
            temperature=int(31 + util * 0.45),
            power_watts=int(52 + util * 3.2),
        )


def _capped(value: float, top: float = 100.0) -> float:
    return max(0.0, min(top, value))


def _towards(rng: random.Random, value: float, mean: float, dt: float, sigma: float) -> float:
    """One step of an Ornstein-Uhlenbeck walk, kept within 0.3 and 99."""
    pull = 1 - math.exp(-dt / RELAX_SECONDS)
    noise = sigma * math.sqrt(pull) * rng.gauss(0, 1)
    return max(0.3, min(99.0, value + (mean - value) * pull + noise))
