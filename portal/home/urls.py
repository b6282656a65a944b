from django.urls import path

from portal.home import views

urlpatterns = [
    path("", views.home, name="home"),
    path("home/parts/", views.parts, name="home-parts"),
    path("home/switch/", views.switch, name="home-switch"),
    path("no-allocation/", views.no_allocation, name="no-allocation"),
]
