from django.urls import path

from instances.remote import views

app_name = "remote"
_ONE = "instances/<uuid:instance_id>"
_SESSION = "remote/<uuid:id>"
urlpatterns = [
    path(f"{_ONE}/remote/open/", views.open_session, name="open"),
    path(f"{_SESSION}/", views.session, name="session"),
    path(f"{_SESSION}/end/", views.end, name="end"),
]
