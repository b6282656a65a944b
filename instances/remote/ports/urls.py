"""Ports: part of `instances.remote.urls`. What they lead to is not under the portal's name at all."""

from django.urls import path

from instances.remote.ports import views

_ONE = "instances/<uuid:instance_id>/ports"
urlpatterns = [
    path(f"{_ONE}/", views.ports, name="ports"),
    path(f"{_ONE}/open/", views.open_port, name="port-open"),
    path(f"{_ONE}/listening/", views.listening, name="port-listening"),
    path("remote/<uuid:id>/close-port/", views.close, name="port-close"),
]
