"""Requests that can be sent as they stand: nothing that the operator has to ask back for."""

from allocations.hooks import Size
from allocations.overview.letters import Wanted, Writer, plan_request, quota_request, shown
from tests.allocations.overview.test_planning import line, planned

WRITER = Writer(
    grant="BIO220047", title="Prairie", region="IU", project_id="p-1", name="Alice Moreau", pi="Alice Moreau"
)
LABELS = {"cpu": "CPU", "gpu": "GPU", "storage": "Storage"}


def test_a_request_for_quota_names_grant_numbers_reason_and_project() -> None:
    text = quota_request(
        WRITER, [Wanted("cores", 20, 150, 400), Wanted("ram_mb", 75, 585, 1600)], " A class. "
    )
    assert "our allocation BIO220047" in text
    assert "- Cores: 400 (now 150, of which 20 in use)" in text
    assert "- RAM (GB): 1,600 (now 585, of which 75 in use)" in text
    assert "Reason: A class.\n" in text
    assert "Region: IU; OpenStack project: p-1" in text
    assert text.startswith("Hello,") and text.endswith("Alice Moreau")


def test_without_a_reason_it_asks_for_one() -> None:
    assert "(please say what it is for)" in quota_request(WRITER, [Wanted("cores", 1, 2, 3)], "  ")


def test_a_plan_is_told_line_by_line_with_sums_and_quota() -> None:
    found = planned(line(count=40, times="1", hours="3", weeks=15), spare=10, gb=500)
    text = plan_request(WRITER, found, LABELS, "Teaching", "Carol")
    assert "- 40 × m3.quad (4 vCPU), 3 hours a week for 15 weeks: 7,200 SU (CPU)" in text
    assert "- CPU: 7,920 SU" in text and "- Storage: 500 SU" in text and "together 8,420 credits" in text
    assert "- Cores: 160" in text and "- RAM (GB): 600" in text
    assert "What for: Teaching" in text and text.endswith("Carol")


def test_somebody_without_an_allocation_can_send_it_too() -> None:
    found = planned(line(Size("p1.odd", 2, 4096, 20, 0)))
    text = plan_request(None, found, LABELS, "", "Nina")
    assert "no rate known" in text and "Allocation:" not in text and text.endswith("Nina")


def test_memory_is_written_in_gigabytes_rounded_up() -> None:
    assert (shown("ram_mb", 1025), shown("cores", 1025)) == (2, 1025)
