"""What Nova says was done to a server, by whom and how it went, from every interface."""

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, moment, moment_or_none, text
from portal.cloud.types import ActionEvent, ServerAction


@translate.translated("compute")
def actions_of(cloud: Cloud, server_id: str) -> list[ServerAction]:
    """Newest first, without their events. From 2.21 on also for deleted servers, as long as Nova remembers them."""
    body = calls.compute(cloud, "GET", f"/servers/{server_id}/os-instance-actions")
    return [_action(row) for row in body["instanceActions"]]


@translate.translated("compute")
def action_of(cloud: Cloud, server_id: str, request_id: str) -> ServerAction:
    """One action with its events."""
    path = f"/servers/{server_id}/os-instance-actions/{request_id}"
    return _action(calls.compute(cloud, "GET", path)["instanceAction"])


def _action(row: Row) -> ServerAction:
    return ServerAction(
        request_id=text(row, "request_id"),
        action=text(row, "action"),
        user_id=text(row, "user_id"),
        project_id=text(row, "project_id"),
        started=moment(row["start_time"]),
        updated=moment(row.get("updated_at") or row["start_time"]),
        message=translate.clean(text(row, "message")),
        events=tuple(_event(event) for event in row.get("events") or ()),
    )


def _event(row: Row) -> ActionEvent:
    return ActionEvent(
        event=text(row, "event"),
        started=moment_or_none(row.get("start_time")),
        finished=moment_or_none(row.get("finish_time")),
        result=text(row, "result"),
    )
