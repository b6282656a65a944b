from django.apps import AppConfig


class AdviceConfig(AppConfig):
    name = "instances.advice"
    label = "advice"
