from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "allocations.reports"
    label = "reports"
