"""The states a machine goes through for each action, with the times a real Nova took (OBSERVED.md)."""

from __future__ import annotations

from dataclasses import dataclass

KEEP = -1
RUNNING, PAUSED, SHUT_DOWN, NO_STATE = 1, 3, 4, 0
ACPI_PATIENCE = 31.0


@dataclass(frozen=True)
class Step:
    """After `seconds`: the task, vm_state and power state to show, and what then really happens.

    "" and KEEP leave a state as it is. `acpi`: Nova waits for the guest to shut down, which one that is
    still booting does not do, so that Nova pulls the plug after ACPI_PATIENCE."""

    seconds: float
    task: str | None
    vm: str = ""
    power: int = KEEP
    effect: str = ""
    acpi: bool = False


@dataclass(frozen=True)
class Sequence:
    """`task` is set before the API answers. `event` names what the compute host does, in the history."""

    task: str | None
    event: str
    steps: tuple[Step, ...]


def _reboot(kind: str, settle: float, start: float, up: float, *, acpi: bool) -> tuple[Step, ...]:
    return (
        Step(settle, f"reboot_pending{kind}"),
        Step(start, f"reboot_started{kind}", acpi=acpi),
        Step(up, None, "active", RUNNING, "reboot"),
    )


SEQUENCES: dict[str, Sequence] = {
    "create": Sequence(
        "scheduling",
        "compute__do_build_and_run_instance",
        (
            Step(0.25, None, effect="place"),
            Step(0.1, "networking", effect="plug"),
            Step(0.1, "block_device_mapping", effect="disks"),
            Step(0.1, "spawning"),
            Step(3.5, None, "active", RUNNING, "launch"),
        ),
    ),
    "suspend": Sequence(
        "suspending",
        "compute_suspend_instance",
        (Step(2.0, None, "suspended", SHUT_DOWN, "suspend"),),
    ),
    "resume": Sequence(
        "resuming", "compute_resume_instance", (Step(0.8, None, "active", RUNNING, "resume"),)
    ),
    "pause": Sequence("pausing", "compute_pause_instance", (Step(0.15, None, "paused", PAUSED, "suspend"),)),
    "unpause": Sequence(
        "unpausing", "compute_unpause_instance", (Step(0.15, None, "active", RUNNING, "resume"),)
    ),
    "stop": Sequence(
        "powering-off",
        "compute_stop_instance",
        (Step(3.7, None, "stopped", SHUT_DOWN, "power-off", acpi=True),),
    ),
    "start": Sequence(
        "powering-on", "compute_start_instance", (Step(1.3, None, "active", RUNNING, "power-on"),)
    ),
    "reboot": Sequence("rebooting", "compute_reboot_instance", _reboot("", 0.3, 0.15, 5.2, acpi=True)),
    "reboot_hard": Sequence(
        "rebooting_hard", "compute_reboot_instance", _reboot("_hard", 0.5, 0.15, 3.1, acpi=False)
    ),
    "createImage": Sequence(
        "image_snapshot_pending",
        "compute_snapshot_instance",
        # It tries first whether the disk's store can copy the disk itself: hence twice.
        (
            Step(0.1, "image_snapshot"),
            Step(0.1, "image_pending_upload"),
            Step(0.1, "image_uploading"),
            Step(0.1, "image_pending_upload"),
            Step(1.4, "image_uploading"),
            Step(2.5, None, effect="snapshot-done"),
        ),
    ),
    "shelve": Sequence(
        "shelving",
        "compute_shelve_instance",
        (
            Step(4.2, "shelving_image_pending_upload", effect="power-off", acpi=True),
            Step(0.5, "shelving_image_uploading"),
            Step(2.6, "shelving_offloading", "shelved", SHUT_DOWN, "snapshot-done"),
            Step(0.3, None, "shelved_offloaded", SHUT_DOWN, "offload"),
        ),
    ),
    "shelve_volume": Sequence(
        "shelving",
        "compute_shelve_offload_instance",
        (
            Step(4.2, "shelving", effect="power-off", acpi=True),
            Step(0.3, None, "shelved_offloaded", SHUT_DOWN, "offload"),
        ),
    ),
    "shelveOffload": Sequence(
        "shelving_offloading",
        "compute_shelve_offload_instance",
        (Step(0.3, None, "shelved_offloaded", SHUT_DOWN, "offload"),),
    ),
    "unshelve": Sequence(
        "unshelving",
        "compute_unshelve_instance",
        (
            Step(0.6, "spawning", effect="place-shelved"),
            Step(31.7, None, "active", RUNNING, "unshelved"),
        ),
    ),
    "resize": Sequence(
        "resize_prep",
        "compute_prep_resize",
        (
            Step(0.8, "resize_migrating", effect="place-resized"),
            Step(4.3, "resize_migrated", effect="power-off", acpi=True),
            Step(0.3, "resize_finish", effect="swap-flavor"),
            Step(0.6, None, "resized", effect="resized"),
        ),
    ),
    "confirmResize": Sequence(None, "compute_confirm_resize", (Step(0.8, None, effect="confirmed"),)),
    "revertResize": Sequence(
        "resize_reverting",
        "compute_revert_resize",
        (Step(0.3, "resize_reverting", effect="power-off"), Step(3.2, None, effect="reverted")),
    ),
    "rebuild": Sequence(
        "rebuilding",
        "compute_rebuild_instance",
        (
            Step(0.6, "rebuild_spawning", effect="new-disk"),
            Step(4.0, None, "active", RUNNING, "launch"),
        ),
    ),
    "rescue": Sequence(
        "rescuing", "compute_rescue_instance", (Step(4.0, None, "rescued", RUNNING, "reboot", acpi=True),)
    ),
    "unrescue": Sequence(
        "unrescuing", "compute_unrescue_instance", (Step(2.0, None, "active", RUNNING, "reboot"),)
    ),
    "delete": Sequence(
        "deleting",
        "compute_terminate_instance",
        (
            Step(1.8, None, "deleted", NO_STATE, "destroy"),
            Step(0.3, None, effect="gone"),
        ),
    ),
}
