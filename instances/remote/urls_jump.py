from django.urls import path

from instances.remote import views_jump

_OF = "allocations/<slug:slug>/jump-host"
_ONE = "instances/<uuid:instance_id>"
urlpatterns = [
    path(f"{_OF}/", views_jump.jump, name="jump"),
    path(f"{_OF}/make/", views_jump.make, name="jump-make"),
    path(f"{_OF}/choose/", views_jump.choose, name="jump-choose"),
    path(f"{_OF}/remove/", views_jump.remove, name="jump-remove"),
    path(f"{_ONE}/jump-host/", views_jump.offer, name="jump-offer"),
    path(f"{_ONE}/let-in/", views_jump.let_in, name="let-in"),
]
