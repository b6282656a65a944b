from django.apps import AppConfig


class RemoteConfig(AppConfig):
    name = "instances.remote"
    label = "remote"
