from django.apps import AppConfig


class BudgetsConfig(AppConfig):
    name = "allocations.budgets"
    label = "budgets"
