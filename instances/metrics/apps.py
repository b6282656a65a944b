from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "instances.metrics"
    label = "metrics"
