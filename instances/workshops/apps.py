from django.apps import AppConfig


class WorkshopsConfig(AppConfig):
    name = "instances.workshops"
    label = "workshops"
