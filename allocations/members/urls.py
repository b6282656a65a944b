from django.urls import path

from allocations.members import (
    views_add,
    views_invitations,
    views_join,
    views_list,
    views_remove,
    views_roles,
)

app_name = "members"
_OF = "allocations/<slug:slug>/members"
urlpatterns = [
    path(f"{_OF}/", views_list.members, name="list"),
    path(f"{_OF}/beside/", views_list.beside, name="beside"),
    path(f"{_OF}/add/", views_add.add, name="add"),
    path(f"{_OF}/add/found/<uuid:id>/", views_add.found, name="found"),
    path(f"{_OF}/roles/", views_roles.roles, name="roles"),
    path(f"{_OF}/invitations/", views_invitations.invitations, name="invitations"),
    path(f"{_OF}/invitations/<uuid:id>/revoke/", views_invitations.revoke, name="invitation-revoke"),
    path(f"{_OF}/departures/<uuid:id>/", views_remove.departure, name="departure"),
    path(f"{_OF}/<slug:key>/remove/", views_remove.remove, name="remove"),
    path("join/", views_join.join, name="join"),
    path("join/<str:token>/", views_join.invited, name="invited"),
]
