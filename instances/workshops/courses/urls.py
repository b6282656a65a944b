from django.urls import path

from instances.workshops.courses import views, views_acts, views_form, views_templates

app_name = "workshops"
_ONE = "workshops/<uuid:workshop_id>"
_OF = "allocations/<slug:slug>/workshops"
urlpatterns = [
    path("workshops/", views.mine, name="list"),
    path(f"{_OF}/", views.in_allocation, name="in-allocation"),
    path(f"{_OF}/new/", views_form.new, name="new"),
    path(f"{_OF}/new/preflight/", views_form.preview_new, name="preflight-new"),
    path(f"{_OF}/templates/", views_templates.templates, name="templates"),
    path(f"{_OF}/templates/cacao/", views_templates.read_cacao, name="cacao"),
    path(f"{_OF}/templates/<uuid:template_id>/", views_templates.template, name="template"),
    path(f"{_ONE}/", views.detail, name="detail"),
    path(f"{_ONE}/edit/", views_form.edit, name="edit"),
    path(f"{_ONE}/edit/preflight/", views_form.preview, name="preflight"),
    path(f"{_ONE}/plan/", views_acts.plan, name="plan"),
    path(f"{_ONE}/do/<slug:what>/", views_acts.act, name="act"),
    path(f"{_ONE}/template/", views_templates.save, name="save-template"),
    path(f"{_ONE}/helpers/", views_acts.helper, name="helper"),
]
