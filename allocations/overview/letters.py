"""Requests that people can send as they stand: for quota, and for a grant. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from allocations.overview.outlook import amount
from allocations.overview.planning import Plan, QuotaNeed

QUOTAS: Mapping[str, str] = {
    "instances": "Instances",
    "cores": "Cores",
    "ram_mb": "RAM (GB)",
    "volumes": "Volumes",
    "volume_gb": "Volume storage (GB)",
    "floating_ips": "Public IP addresses",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes, of what. `grant` is the number that the operator knows."""

    grant: str
    title: str
    region: str
    project_id: str
    name: str
    pi: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One quota: what it is, and what it should be, in the unit of `QUOTAS`."""

    resource: str
    used: int
    limit: int | None
    wanted: int


def shown(resource: str, number: int) -> int:
    """RAM comes in MB and is written in GB, rounded up."""
    return -(-number // 1024) if resource == "ram_mb" else number


def quota_request(writer: Writer, wanted: Sequence[Wanted], why: str) -> str:
    rows = [
        f"- {QUOTAS[one.resource]}: {one.wanted:,} (now {_limit(one.limit)}, of which {one.used:,} in use)"
        for one in wanted
    ]
    return _letter(
        f"please raise the quota of our allocation {writer.grant} as follows:",
        [*rows, "", f"Reason: {why.strip() or '(please say what it is for)'}", *_about(writer)],
        writer.name,
    )


def plan_request(
    writer: Writer | None, plan: Plan, labels: Mapping[str, str], what_for: str, name: str
) -> str:
    """The plan in words, for a request for a grant, more service units, or quota."""
    rows = [
        f"- {cost.line.count:,} × {cost.line.size.name} ({cost.line.size.vcpus} vCPU), "
        f"{amount(cost.line.hours_a_week)} hours a week for {cost.line.weeks} weeks: "
        + (
            "no rate known"
            if cost.su is None
            else f"{amount(cost.su)} SU ({labels.get(cost.resource or '', '')})"
        )
        for cost in plan.costs
    ]
    needs = [
        f"- {labels.get(need.resource, need.resource)}: {_whole(need.with_spare)} SU" for need in plan.needs
    ]
    text = [*rows, "", "Service units needed, with what is spare:", *needs]
    if plan.credits is not None:
        text.append(f"- together {_whole(plan.credits)} credits")
    if plan.quota:
        text += ["", "Quota needed while all of it is on:", *(_quota_line(need) for need in plan.quota)]
    text += ["", f"What for: {what_for.strip() or '(please say what it is for)'}"]
    return _letter("we plan the following:", [*text, *(_about(writer) if writer else [])], name)


def _quota_line(need: QuotaNeed) -> str:
    now = f" (limit now {_limit(need.limit, need.resource)})" if need.known else ""
    return f"- {QUOTAS[need.resource]}: {shown(need.resource, need.needed):,}{now}"


def _limit(limit: int | None, resource: str = "") -> str:
    return "unlimited" if limit is None else f"{shown(resource, limit):,}"


def _about(writer: Writer) -> list[str]:
    title = f" “{writer.title}”" if writer.title else ""
    return [
        "",
        f"Allocation: {writer.grant}{title}",
        *([f"PI: {writer.pi}"] if writer.pi else []),
        f"Region: {writer.region}; OpenStack project: {writer.project_id}",
    ]


def _letter(first: str, rows: Sequence[str], name: str) -> str:
    return "\n".join(["Hello,", "", first, "", *rows, "", "Thank you,", name])


def _whole(su: Decimal) -> str:
    """Rounded up: what is asked for has to be enough."""
    return f"{-(-su // 1):,.0f}"
