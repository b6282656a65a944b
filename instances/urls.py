from django.urls import path, re_path

from instances import (
    views_actions,
    views_bulk,
    views_commands,
    views_detail,
    views_launch,
    views_list,
    views_screen,
)

app_name = "instances"
_OF = "allocations/<slug:slug>"
_ONE = "instances/<uuid:id>"
_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
urlpatterns = [
    path(f"{_OF}/instances/", views_list.list_page, name="list"),
    path(f"{_OF}/instances/rows/", views_list.list_rows, name="rows"),
    path(f"{_OF}/instances/bulk/<str:action>/", views_bulk.bulk, name="bulk"),
    path(f"{_OF}/instances/bulk/<str:action>/command/", views_commands.bulk_command, name="bulk-command"),
    path(f"{_OF}/tools/", views_commands.own_tools, name="own-tools"),
    path(f"{_OF}/ssh/<str:kind>/", views_commands.ssh_files, name="ssh"),
    path(f"{_OF}/launch/", views_launch.launch, name="launch"),
    path(f"{_OF}/launch/preview/", views_launch.preview, name="launch-preview"),
    path(f"{_OF}/launch/key/", views_launch.new_key, name="launch-key"),
    path(f"{_OF}/launch/name/", views_launch.new_name, name="launch-name"),
    path("instances/running/", views_detail.running, name="running"),
    path(f"{_ONE}/", views_detail.detail, name="detail"),
    path(f"{_ONE}/row/", views_detail.row_part, name="row"),
    path(f"{_ONE}/status/", views_detail.status_part, name="status"),
    path(f"{_ONE}/facts/", views_detail.facts_part, name="facts"),
    path(f"{_ONE}/timeline/", views_detail.timeline_part, name="timeline"),
    path(f"{_ONE}/console-log/", views_detail.console_log, name="console-log"),
    path(f"{_ONE}/screen/", views_screen.screen, name="screen"),
    path(f"{_ONE}/console/<uuid:operation>/", views_screen.console, name="console"),
    path(f"{_ONE}/actions/", views_detail.actions_part, name="actions"),
    path(f"{_ONE}/actions/<str:action>/", views_actions.action, name="action"),
    path(f"{_ONE}/commands/", views_commands.commands, name="commands"),
    path(f"{_ONE}/commands/<str:action>/", views_commands.command, name="command"),
    # Other pages below `ssh/` are those of `instances.remote`.
    re_path(
        rf"^instances/(?P<id>{_UUID})/ssh/(?P<kind>config|known-hosts)/$",
        views_commands.ssh_files,
        name="machine-ssh",
    ),
]
