from django.urls import path

from allocations.budgets import views, views_budget, views_people

app_name = "budgets"
_OF = "allocations/<slug:slug>/budgets"
urlpatterns = [
    path(f"{_OF}/", views.page, name="page"),
    path(f"{_OF}/mine/", views.mine, name="mine"),
    path(f"{_OF}/new/", views_budget.new, name="new"),
    path(f"{_OF}/many/", views_budget.many, name="many"),
    path(f"{_OF}/budget/<uuid:id>/", views_budget.edit, name="edit"),
    path(f"{_OF}/budget/<uuid:id>/delete/", views_budget.delete, name="delete"),
    path(f"{_OF}/groups/new/", views_people.new_group, name="group-new"),
    path(f"{_OF}/groups/<int:pk>/", views_people.edit_group, name="group"),
    path(f"{_OF}/groups/<int:pk>/delete/", views_people.delete_group, name="group-delete"),
    path(f"{_OF}/limits/", views_people.limits, name="limits"),
]
