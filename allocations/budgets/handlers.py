"""What people can be told about budgets, registered at start."""

from portal.notices.kinds import MAIL, PAGE, Kind, register

register(
    Kind(
        "budget.threshold",
        "A budget of yours is nearly or fully spent",
        group="spending",
        ways={PAGE, MAIL},
        note="At the shares that whoever manages the allocation chose, and when machines can be started again.",
    )
)
register(
    Kind(
        "budget.shelving",
        "A machine of yours will be shelved by a budget or its lifetime",
        group="spending",
        ways={PAGE, MAIL},
        always=True,
    )
)
register(
    Kind(
        "su.threshold",
        "50, 80, 90 or 100 % of an allocation's SUs are spent",
        group="spending",
        ways={PAGE, MAIL},
        note="To those who manage it; from 90 % on also to those whose machines are there.",
    )
)
register(Kind("machine.lifetime", "The time of a machine of yours ends", group="policies", ways={PAGE, MAIL}))
