from django.urls import path

from instances.workshops.roster import (
    views_add,
    views_do,
    views_entry,
    views_files,
    views_guests,
    views_join,
    views_list,
)

app_name = "roster"
_OF = "workshops/<uuid:workshop_id>/roster"
urlpatterns = [
    path(f"{_OF}/", views_list.roster, name="list"),
    path(f"{_OF}/add/", views_add.add, name="add"),
    path(f"{_OF}/do/", views_do.do, name="do"),
    path(f"{_OF}/line/", views_do.waiting_list, name="line"),
    path(f"{_OF}/export.csv", views_files.export, name="export"),
    path(f"{_OF}/entry/", views_entry.entry, name="entry"),
    path(f"{_OF}/guests/", views_entry.guests, name="guests"),
    path(f"{_OF}/poster/", views_entry.poster, name="poster"),
    path("workshops/<uuid:workshop_id>/calendar.ics", views_files.calendar, name="calendar"),
    path("w/join/", views_join.join, name="join"),
    path("w/join/<str:code>/", views_join.by_link, name="by-link"),
    path("w/in/<str:token>/", views_join.by_mail, name="by-mail"),
    path("w/guest/", views_guests.guest, name="guest"),
    path("w/<uuid:workshop_id>/join/", views_join.come, name="come"),
    path("w/<uuid:workshop_id>/leave/", views_join.leave, name="leave"),
]
