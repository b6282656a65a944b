"""Who may see and do what at workshops: each part adds the lines of its URLs here, sorted by part."""

# Roles at the workshop of the member, which is in its meeting at the member's machine (`tests.access.room`).
WHO_WORKSHOPS: dict[str, set[str]] = {
    # By the rights of `instances.workshops.rights`: to look, to help, to run, to plan.
    "room-see": {"pi", "manager", "member", "seat_helper", "operator"},
    "room-help": {"pi", "manager", "member", "seat_helper"},
    "room-run": {"pi", "manager", "member"},
    "learner": {"seat_learner"},
    # Those who run it, and those who take part.
    "room-around": {"pi", "manager", "member", "seat_helper", "operator", "seat_learner"},
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
    "api:list_parts": "person",
    "api:get_part": "learner",
    # roster
    "roster:list": "room-help",
    "roster:poster": "room-help",
    "roster:add": "room-run",
    "roster:entry": "room-run",
    "roster:line": "room-run",
    "roster:export": "room-run",
    "roster:guests": "room-run",
    "roster:calendar": "room-around",
    "roster:come": "learner",
    "roster:leave": "learner",
    "roster:join": "public",
    "roster:guest": "public",
    "roster:by-link": "public",
    "api:list_learners": "room-help",
    "api:get_link": "room-run",
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
    "api:preflight_workshop": "room-run",
    # after
    "after:report": "room-see",
    "after:report-csv": "room-help",
    "after:left": "room-see",
    "after:remove": "room-run",
    "after:work": "learner",
    "api:workshop_report": "room-see",
    "api:workshop_left": "room-see",
    # runs
    "runs:list": "room-help",
    "runs:command": "room-help",
    "runs:output": "room-help",
    "runs:files": "room-help",
    "runs:push": "room-help",
    "runs:work": "room-run",
    "runs:work-archive": "room-run",
    "runs:work-one": "room-run",
    "runs:own-work": "learner",
    "api:list_workshop_runs": "room-help",
    "api:get_workshop_run": "room-help",
    "api:list_workshop_files": "room-help",
    "api:list_workshop_work": "room-run",
    "api:get_workshop_archive": "room-run",
}
# What only a POST does.
POST_ONLY_WORKSHOPS: set[str] = {
    # learner
    *("learner:here", "learner:put-away", "learner:open", "learner:port-open"),
    *("api:ask_for_help", "api:mark_step"),
    # roster
    *("roster:do", "api:change_learner", "api:remove_learner"),
    # board
    *("board:call", "board:look", "board:typing", "board:enter"),
    *("api:act_on_seats", "api:say_on_screens", "api:answer_call"),
    # courses
    *("workshops:preflight-new", "workshops:preflight", "workshops:helper"),
    *("api:create_workshop", "api:change_workshop", "api:plan_workshop"),
    *("api:extend_workshop", "api:end_workshop"),
    # after
    *("after:keep", "api:keep_workshop", "api:remove_workshop"),
    # runs; one's own work is there after the end (tests/instances/workshops/runs/test_views_work.py).
    *("runs:stop", "runs:again", "runs:push-again", "runs:file-remove"),
    *("runs:work-plan", "runs:work-collect", "runs:work-go-on"),
    *("api:run_in_seats", "api:stop_workshop_run", "api:collect_workshop_work"),
    *("runs:own-work-zip", "api:get_own_work"),
}
# Not tried with GET: of something that is not there.
NO_GET_WORKSHOPS: set[str] = {
    # learner: shares its path with a POST.
    "api:withdraw_help",
    # runs
    *("runs:own-work-zip", "api:get_own_work", "api:run_in_seats", "api:collect_workshop_work"),
    # courses
    *("api:create_workshop", "api:change_workshop"),
    # roster; tests/instances/workshops/roster/test_views_join.py tries mailed links.
    *("api:add_learners", "api:make_link", "api:revoke_link", "roster:by-mail"),
}
# Who a POST is for.
CHANGING_WORKSHOPS: dict[str, str] = {
    # runs
    "runs:list": "room-help",
    "runs:stop": "room-help",
    "runs:again": "room-help",
    "runs:push-again": "room-help",
    "runs:files": "room-run",
    "runs:file-remove": "room-run",
    "runs:work-plan": "room-run",
    "runs:work-collect": "room-run",
    "runs:work-go-on": "room-run",
    "api:stop_workshop_run": "room-help",
    # learner
    "learner:help": "learner",
    "learner:steps": "learner",
    "learner:here": "learner",
    "learner:put-away": "learner",
    "learner:open": "learner",
    "learner:port-open": "learner",
    # roster
    "roster:do": "room-run",
    "roster:add": "room-run",
    "roster:entry": "room-run",
    "roster:line": "room-run",
    "roster:guests": "room-run",
    "roster:leave": "learner",
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
