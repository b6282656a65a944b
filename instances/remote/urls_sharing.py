"""Who is connected, sharing, recordings: part of `instances.remote.urls`."""

from django.urls import path

from instances.remote import views_connections, views_join, views_recordings, views_sharing

_ONE = "instances/<uuid:instance_id>"
_SESSION = "remote/<uuid:id>"
urlpatterns = [
    path(f"{_ONE}/connections/", views_connections.of_machine, name="of-machine"),
    path(f"{_ONE}/who/", views_connections.who, name="who"),
    path("allocations/<slug:slug>/connections/", views_connections.of_allocation, name="of-allocation"),
    path("profile/connections/", views_connections.own, name="own-connections"),
    path(f"{_SESSION}/disconnect/", views_connections.disconnect, name="disconnect"),
    path(f"{_SESSION}/seat/", views_connections.seat, name="seat"),
    path(f"{_SESSION}/on-it/", views_connections.on_it, name="on-it"),
    path(f"{_SESSION}/share/", views_sharing.share, name="share"),
    path(f"{_SESSION}/share/people/", views_sharing.people, name="share-people"),
    path(f"{_SESSION}/unshare/", views_sharing.unshare, name="unshare"),
    path(f"{_SESSION}/record/", views_sharing.record, name="record"),
    path("remote/shares/<uuid:id>/", views_sharing.change_share, name="change-share"),
    path("remote/visits/<int:visit_id>/", views_sharing.change_visit, name="change-visit"),
    path("remote/invitations/", views_join.invitations, name="invitations"),
    path("remote/join/<uuid:id>/", views_join.join, name="join"),
    path("remote/join/<uuid:id>/open/", views_join.join_open, name="join-open"),
    path("remote/recordings/<uuid:id>/", views_recordings.recording, name="recording"),
    path("remote/recordings/<uuid:id>/cast", views_recordings.cast, name="cast"),
    path("remote/recordings/<uuid:id>/delete/", views_recordings.remove, name="recording-delete"),
]
