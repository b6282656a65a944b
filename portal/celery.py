"""The Celery application: `celery -A portal worker -P threads`. Tasks of every app are found in its `tasks.py`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("heliosphere", task_cls="portal.core.tasks:Task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
