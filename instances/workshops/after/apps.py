from django.apps import AppConfig


class AfterConfig(AppConfig):
    name = "instances.workshops.after"
    label = "after"
