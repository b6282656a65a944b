from django.urls import path

from portal.operations import views

app_name = "operations"
urlpatterns = [
    path("<uuid:id>/", views.operation, name="detail"),
    path("<uuid:id>/cancel/", views.cancel, name="cancel"),
]
