from django.apps import AppConfig


class OverviewConfig(AppConfig):
    name = "allocations.overview"
    label = "overview"
