from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "portal.core"
    label = "core"

    def ready(self) -> None:
        # By name, since it lies above: whoever sends a task needs the application's broker and routes.
        import_module("portal.celery")
        autodiscover_modules("problems", "topics", "handlers", "checks", "health_checks", "template_context")
