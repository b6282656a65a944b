from __future__ import annotations

from itertools import pairwise

import pytest

from portal.democloud.guest_load import Load, Stress


def load(seed: str = "one", gpus: tuple[str, ...] = ()) -> Load:
    return Load(seed, vcpus=4, ram_mb=8000, disk_gb=20, gpu_names=gpus)


def test_the_same_guest_walks_the_same_way_and_another_differently() -> None:
    def walk(seed: str) -> list[float]:
        one = load(seed)
        return [one.usage(float(now)).cpu for now in range(0, 300, 10)]

    assert walk("one") == walk("one")
    assert walk("one") != walk("two")


def test_a_day_of_walking_stays_within_the_machine_and_is_not_flat() -> None:
    one = load(gpus=("PCI_10DE_2330",))
    seen = [one.usage(float(now)) for now in range(0, 86_400, 60)]
    assert all(0 <= u.cpu <= 100 and 0 < u.ram < 100 and 0 < u.disk < 98 for u in seen)
    assert all(0 <= u.gpus[0].util <= 100 for u in seen)
    assert max(u.cpu for u in seen) - min(u.cpu for u in seen) > 20


def test_stress_raises_what_it_loads_and_nothing_after_its_time() -> None:
    idle, loaded = load(gpus=("A100X_10C",)), load(gpus=("A100X_10C",))
    for one in (idle, loaded):
        one.cpu = one.mean = 5.0
    loaded.add(Stress(start=10, end=20, cpu=0.8, ram=0.5, gpu=0.9))
    pairs = {now: (loaded.usage(now), idle.usage(now)) for now in (9, 15, 21)}
    assert pairs[9][0] == pairs[9][1]
    assert pairs[15][0].cpu >= pairs[15][1].cpu + 70
    assert pairs[15][0].ram >= pairs[15][1].ram + 40
    assert pairs[15][0].gpus[0].util > 85
    assert pairs[21][0].cpu == pairs[21][1].cpu
    assert pairs[21][0].ram == pairs[21][1].ram
    assert loaded.stresses == []


def test_a_cancelled_stress_ends_at_once() -> None:
    one = load()
    one.cpu = one.mean = 5.0
    spell = Stress(start=0, end=100, cpu=0.9)
    one.add(spell)
    assert one.usage(1).cpu > 80
    one.cancel(spell)
    assert one.usage(2).cpu < 50
    one.cancel(spell)  # twice is once


def test_two_stresses_never_exceed_the_machine() -> None:
    one = load()
    one.add(Stress(0, 50, cpu=1.0, ram=1.0))
    one.add(Stress(0, 50, cpu=1.0, ram=1.0))
    used = one.usage(10)
    assert used.cpu == 100
    assert used.ram_used_mb < used.ram_total_mb


def test_network_counters_only_grow() -> None:
    one = load()
    seen = [one.usage(float(now)) for now in range(0, 600, 5)]
    assert all(a.net_rx_bytes <= b.net_rx_bytes for a, b in pairwise(seen))
    assert all(a.net_tx_bytes <= b.net_tx_bytes for a, b in pairwise(seen))


def test_time_that_stands_still_or_goes_back_changes_nothing() -> None:
    one = load()
    first = one.usage(100)
    assert one.usage(100) == first
    assert one.usage(50) == first


def test_a_guest_nobody_looked_at_for_a_month_is_caught_up_cheaply() -> None:
    one = load()
    one.usage(1)
    steps: list[float] = []
    plain = one._step

    def counted(dt: float) -> None:
        steps.append(dt)
        plain(dt)

    one._step = counted  # type: ignore[method-assign]
    one.usage(30 * 86_400)
    assert len(steps) <= 40
    assert sum(steps) == pytest.approx(30 * 86_400 - 1)


@pytest.mark.parametrize(
    ("resource", "shown", "memory"),
    [
        ("A100X_10C", "GRID A100X-10C", 10240),
        ("PCI_10DE_2330", "NVIDIA H100 80GB HBM3", 81559),
        ("NEW_CARD", "NEW_CARD", 40960),
    ],
)
def test_cards_are_named_as_nvidia_smi_names_them(resource: str, shown: str, memory: int) -> None:
    gpu = load(gpus=(resource,)).usage(1).gpus[0]
    assert (gpu.name, gpu.mem_total_mb) == (shown, memory)
    assert 0 < gpu.mem_used_mb < memory


def test_every_gpu_has_its_own_load_and_a_cpu_machine_has_none() -> None:
    two = load(gpus=("A100X_10C", "A100X_10C")).usage(1)
    assert len(two.gpus) == 2
    assert two.gpus[0].util != two.gpus[1].util
    assert load().usage(1).gpus == ()
