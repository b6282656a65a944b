"""A real cloud with 200 servers: what twenty open tabs cost it, ours and Horizon's. `make bench ARGS="tabs --keep"`.

Idle, and with 5 % of the servers in transition, when Horizon's page asks for each such row every few seconds. A page of
Horizon's that nobody reloads shows no other change: what reloads cost is told apart, as an assumption about people.
"""

from tests.bench.bench_horizon import HORIZON_PATH, Stage, stage, view_calls
from tests.bench.figures import Figure
from tests.bench.horizon import changing, pages, tabs

# Every twentieth, by age: so of each page, too.
EVERY = 20
RELOAD_SECONDS = 30
IDLE, CHANGING = "idle", "5 % in transition"
# Longer than it takes both to see that something is in transition.
_SETTLE_SECONDS = 6.0


def windows(found: Stage) -> dict[tuple[str, str], tabs.Window]:
    """Ours and theirs in turn, each alone, so that neither shares the machine with the other's browser tabs."""
    theirs = pages.sign_in(found.browser, found.counted_horizon, 20)
    horizon_url = found.counted_horizon + HORIZON_PATH
    places = (
        ("ours", found.portal.context, found.portal.list_url, pages.OUR_ROWS, found.ours),
        ("Horizon", theirs, horizon_url, pages.HORIZON_ROWS, found.theirs),
    )
    seen = {}
    for state, ids in ((IDLE, []), (CHANGING, found.server_ids[::EVERY])):
        for who, context, url, rows, counted in places:
            with changing.in_transition(ids):
                opened = tabs.open_tabs(context, url, rows)
                opened[0].wait_for_timeout(_SETTLE_SECONDS * 1000)
                window = tabs.watch(f"{who}, {tabs.TABS} tabs, {state}", opened[0], counted)
            print(f"  {window}", flush=True)
            seen[who, state] = window
            for page in opened:
                page.close()
    return seen


def run() -> list[Figure]:
    with stage() as found:
        per_view = view_calls(found, 20)
        seen = windows(found)
    a_minute = {key: window.a_minute for key, window in seen.items()}
    reloads = tabs.TABS * 60 / RELOAD_SECONDS * per_view
    assumed = f"Horizon, {tabs.TABS} tabs, if each were reloaded every {RELOAD_SECONDS} s (assumed)"
    return [
        *(Figure(window.name, window.a_minute, "calls a minute") for window in seen.values()),
        Figure(assumed, reloads, "calls a minute"),
        Figure(
            f"{CHANGING}, Horizon to ours",
            a_minute["Horizon", CHANGING] / max(1.0, a_minute["ours", CHANGING]),
            "x",
            least=1,
        ),
    ]
