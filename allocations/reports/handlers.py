"""What this app tells people of; registered at start."""

from allocations.reports.weekly import KIND
from portal.notices.kinds import Kind, register

register(
    Kind(
        KIND,
        "Each week: what your allocation spent",
        group="spending",
        ways=frozenset({"page", "mail"}),
        note="For PIs, co-PIs and allocation managers, on Mondays; nothing when nothing was spent and nothing ends.",
    )
)
