"""What a line of the audit says to people. Pure: whoever adds an action need not come here for it to be readable."""

import json
from collections.abc import Mapping
from typing import Any

# The beginning of an action's name → what people filter by.
KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "people": ("People", ("membership.", "member.", "members.", "invitation.", "request.", "handover.")),
    "spending": ("Budgets and service units", ("budget.", "limits.", "group.", "ledger.", "allocation.")),
    "policies": ("Policies", ("policy.", "policies.", "schedule.", "lease.", "idle.", "busy.", "default.")),
    "machines": (
        "Machines",
        ("instance.", "launch.", "operation.", "volume.", "address.", "image.", "advice."),
    ),
    "workshops": ("Workshops", ("workshop.", "learner.", "roster.", "seat.", "helper.", "template.")),
    "connections": ("Connections", ("remote.", "ssh.", "jump.", "teammate.", "host_key.", "certificate.")),
}
_SAID: Mapping[str, str] = {
    "membership.add": "became a member",
    "membership.change": "has another role",
    "membership.end": "is a member no more",
    "allocation.found": "met by the portal for the first time",
    "ledger.correct": "charge corrected",
    "policy.set": "has policies of its own",
    "policy.follow": "follows the allocation's policy again",
    "policy.default": "has another policy for all machines",
    "policy.extend": "has a longer lease",
    "policy.keep": "is kept running past its schedule",
    "policy.busy": "was marked as busy",
    "membership.role-decided": "has a role that waits for them",
    "member.welcome": "let in, once the cloud says so too",
    "member.remove": "removed from the allocation",
    "member.settle": "what they left behind was settled",
    "members.add-asked": "asked to be added at the source",
    "members.remove-asked": "asked to be removed at the source",
    "members.role-asked": "asked to have another role at the source",
    "invitation.make": "invitation link made",
    "invitation.revoke": "invitation link withdrawn",
    "invitation.use": "invitation link used",
    "instance.hand-over": "handed over",
    "budget.create": "budget set",
    "budget.change": "budget changed",
    "budget.delete": "budget taken away",
    "limits.set": "limits on machines set",
    "group.save": "group saved",
    "group.delete": "group deleted",
    "roster.add": "people put on the roster of a workshop",
    "roster.join": "joined a workshop",
    "roster.leave": "left a workshop",
    "roster.remove": "removed from a workshop",
    "roster.let-in": "let into a workshop again",
    "roster.approve": "let into a workshop",
    "roster.decline": "not let into a workshop",
    "roster.invite": "invited to a workshop",
    "roster.give-seat": "given a seat of a workshop",
    "roster.to-waiting": "moved to the waiting list of a workshop",
    "roster.line": "waiting list of a workshop put in another order",
    "roster.admit": "who may join a workshop changed",
    "roster.link-make": "link of a workshop made",
    "roster.link-renew": "link of a workshop renewed",
    "roster.link-revoke": "link of a workshop withdrawn",
    "roster.link-cap": "cap of a workshop's link changed",
    "roster.guest": "came into a workshop by a guest code",
    "roster.guest-codes": "guest codes of a workshop made",
    "roster.guest-codes-withdraw": "unused guest codes of a workshop withdrawn",
    "advice.dismiss": "advice put away for a month",
    "advice.restore": "advice shown again",
    "address.release": "public address given back",
    "volume.delete": "volume deleted",
    "workshop.plan": "planned: its seats are built in time",
    "workshop.times": "has other meetings",
    "workshop.extend": "its meeting was made longer",
    "workshop.end-now": "its meeting was ended early",
    "workshop.finish": "ended for good, meetings to come taken out",
    "workshop.cancel": "cancelled before it began",
    "workshop.beyond-cap": "goes on beyond its cap",
    "workshop.hand": "belongs to somebody else",
    "workshop.create": "made, as a draft",
    "workshop.change": "changed",
    "workshop.helper-add": "has another helper",
    "workshop.helper-change": "has a helper with other rights",
    "workshop.helper-remove": "has a helper less",
    "template.make": "course template made",
    "template.version": "course template has another version",
    "template.retire": "course template retired",
    "template.publish": "course template published for everybody",
    "workshop.left": "has lost its owner",
    "workshop.keep": "is kept for another time after its end",
    "workshop.begin": "begun: its seats are being built",
    "workshop.end": "has ended",
    "workshop.remove": "its machines are being removed",
    "workshop.removed": "removed, and nothing was left at the cloud",
    "workshop.size": "has more or fewer seats",
    "workshop.test-drive": "somebody tries a seat out",
    "workshop.test-drive-end": "a test drive was ended",
    "workshop.seat-start": "seats were started by hand",
    "workshop.seat-stop": "seats were stopped by hand",
    "workshop.seat-shelve": "seats were shelved by hand",
    "workshop.seat-reset": "seats were reset to their image",
    "workshop.seat-replace": "seats were given other machines",
    "workshop.seat-swap": "seats were swapped for spares",
    "workshop.seat-hold": "seats were put aside",
    "workshop.seat-release": "seats follow the clock again",
    "workshop.clone": "made from an older one",
    "workshop.run": "a command was run in its seats",
    "workshop.run_again": "a command was tried again where seats were not reached",
    "workshop.run_stopped": "a command was stopped in its seats",
    "workshop.push": "a file was pushed to its seats",
    "workshop.push_again": "a file was tried again where it was missing",
    "workshop.course_file": "has another course file",
    "workshop.course_file_replaced": "a course file was replaced",
    "workshop.course_file_removed": "has a course file less",
    "workshop.collect": "learners' work is being collected",
    "workshop.work_plan": "what is collected of learners was chosen",
    "workshop.work_taken": "learners' work was downloaded by who runs it",
    "workshop.work_own": "a learner downloaded their work",
    "workshop.work_given_up": "goes on without work that could not be collected",
    "workshop.work_erased": "learners' work was erased, its time was over",
    "workshop.look": "somebody who helps looked on at a learner's screen",
    "workshop.type": "somebody who helps may type in a learner's session",
    "workshop.enter": "somebody who helps was on a seat's machine by themselves",
    "allocation.spending_shown": "whether members see what each of them spends",
}
_LONGEST = 200
_NOTHING = "nothing"


def said(action: str) -> str:
    """“membership.change” → words of its own, else “membership: change”."""
    if action in _SAID:
        return _SAID[action]
    first, _, rest = action.partition(".")
    words = rest.replace("_", " ").replace(".", " ")
    return f"{first.replace('_', ' ')}: {words}" if words else first.replace("_", " ")


def told(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What else is known of it, with what was before put beside what is after."""
    rest = dict(detail)
    rows: list[tuple[str, str]] = []
    if "before" in rest and "after" in rest:
        before, after = rest.pop("before"), rest.pop("after")
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            rows += _differences(before, after)
        else:
            rows.append(("changed", _change(before, after)))
    return rows + [
        (_name(key), _text(value)) for key, value in rest.items() if value not in (None, "", [], {})
    ]


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str]]:
    keys = [*before, *(key for key in after if key not in before)]
    return [
        (_name(key), _change(before.get(key), after.get(key)))
        for key in keys
        if _text(before.get(key)) != _text(after.get(key))
    ]


def _change(before: Any, after: Any) -> str:
    """What was nothing before is only told as it is now."""
    was, now = _text(before), _text(after)
    return now if was == _NOTHING else f"{was} → {now}"


def _name(key: object) -> str:
    return str(key).replace("_", " ")[:60]


def _text(value: Any) -> str:
    if value in (None, "", [], {}):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        value = ", ".join(map(str, value))
    text = (
        value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False, default=str)
    )
    plain = " ".join(str(text).split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
