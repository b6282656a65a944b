from django.apps import AppConfig


class WorkshopEngineConfig(AppConfig):
    name = "instances.workshops.engine"
    label = "workshop_engine"
