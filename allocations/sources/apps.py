from django.apps import AppConfig


class SourcesConfig(AppConfig):
    name = "allocations.sources"
    label = "sources"
