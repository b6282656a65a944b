from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "instances.workshops.runs"
    label = "runs"
