from django.apps import AppConfig


class LearnerConfig(AppConfig):
    name = "instances.workshops.learner"
    label = "learner"
