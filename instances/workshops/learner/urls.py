from django.urls import path

from instances.workshops.learner import views, views_seat

app_name = "learner"
_ONE = "w/<uuid:workshop_id>"
urlpatterns = [
    path("w/", views.own, name="own"),
    path(f"{_ONE}/", views.page, name="page"),
    path(f"{_ONE}/state/", views.state, name="state"),
    path(f"{_ONE}/help/", views.help_me, name="help"),
    path(f"{_ONE}/steps/", views.how_far, name="steps"),
    path(f"{_ONE}/here/", views.here, name="here"),
    path(f"{_ONE}/messages/<uuid:message_id>/", views.put_away, name="put-away"),
    path(f"{_ONE}/open/", views_seat.open_session, name="open"),
    path(f"{_ONE}/desktop/", views_seat.desktop, name="desktop"),
    path(f"{_ONE}/files/", views_seat.files, name="files"),
    path(f"{_ONE}/port/", views_seat.port_open, name="port-open"),
]
