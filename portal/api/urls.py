from django.urls import path

from portal.api.api import api

urlpatterns = [path("v1/", api.urls)]
