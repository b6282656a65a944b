"""Who may see and do what at workshops: each part adds the lines of its URLs here, sorted by part."""

# Roles at the workshop of the member, which is in its meeting at the member's machine (`tests.access.room`).
WHO_WORKSHOPS: dict[str, set[str]] = {
    # By the rights of `instances.workshops.rights`: to look, to help, to run, to plan.
    "room-see": {"pi", "manager", "member", "seat_helper", "operator"},
    "room-help": {"pi", "manager", "member", "seat_helper"},
    "room-run": {"pi", "manager", "member"},
    "learner": {"seat_learner"},
    # Who may be on the machine: those who act on it, and those who are at its seat.
    "attendants": {"pi", "manager", "member", "assistant", "seat_learner", "seat_helper"},
}
# What a GET shows.
GET_WORKSHOPS: dict[str, str] = {
    # learner
    "learner:own": "person",
    "learner:page": "learner",
    "learner:state": "learner",
    "learner:help": "learner",
    "learner:steps": "learner",
    "learner:files": "learner",
    "learner:desktop": "learner",
    # board
    "board:board": "room-see",
    "board:strip": "room-see",
    "board:calls": "room-see",
    "board:seat": "room-see",
    "board:room": "room-help",
    "board:act": "room-help",
    "board:looking": "room-help",
    "api:list_seats": "room-see",
    "api:list_calls": "room-see",
    # courses
    "workshops:list": "person",
    "workshops:in-allocation": "members",
    "workshops:new": "launchers",
    "workshops:templates": "members",
    "workshops:template": "members",
    "workshops:cacao": "launchers",
    "workshops:detail": "room-see",
    "workshops:edit": "room-run",
    "workshops:plan": "room-run",
    "workshops:act": "room-run",
    "workshops:save-template": "room-run",
    "api:list_own_workshops": "person",
    "api:list_workshops": "members",
    "api:get_workshop": "room-see",
    "api:preflight_workshop": "room-see",
    # after
    "after:report": "room-see",
    "after:report-csv": "room-help",
    "after:left": "room-see",
    "after:remove": "room-run",
    "after:work": "learner",
    "api:workshop_report": "room-see",
    "api:workshop_left": "room-see",
}
# What only a POST does.
POST_ONLY_WORKSHOPS: set[str] = {
    # learner
    *("learner:here", "learner:put-away", "learner:open", "learner:port-open"),
    # board
    *("board:call", "board:look", "board:typing", "board:enter"),
    *("api:act_on_seats", "api:say_on_screens", "api:answer_call"),
    # courses
    *("workshops:preflight-new", "workshops:preflight", "workshops:helper"),
    *("api:create_workshop", "api:change_workshop", "api:plan_workshop"),
    *("api:extend_workshop", "api:end_workshop"),
    # after
    *("after:keep", "api:keep_workshop", "api:remove_workshop"),
}
# Not tried with GET: of something that is not there.
NO_GET_WORKSHOPS: set[str] = {
    # courses
    *("api:create_workshop", "api:change_workshop"),
}
# Who a POST is for.
CHANGING_WORKSHOPS: dict[str, str] = {
    # learner
    "learner:help": "learner",
    "learner:steps": "learner",
    "learner:here": "learner",
    "learner:put-away": "learner",
    "learner:open": "learner",
    "learner:port-open": "learner",
    # board
    "board:act": "room-help",
    "board:call": "room-help",
    "board:look": "room-help",
    "board:typing": "room-help",
    "board:enter": "room-help",
    # courses
    "workshops:new": "launchers",
    "workshops:preflight-new": "launchers",
    "workshops:preflight": "room-run",
    "workshops:edit": "room-run",
    "workshops:plan": "room-run",
    "workshops:helper": "room-run",
    "workshops:save-template": "room-run",
    "workshops:cacao": "launchers",
    "api:end_workshop": "room-run",
    # after
    "after:keep": "room-run",
    "after:remove": "room-run",
    "api:remove_workshop": "room-run",
}
