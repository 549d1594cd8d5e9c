"""Addresses of the pages."""

from django.urls import path

from api.dashboard import data, forms, lineage, measurements, trainings, views

app_name = "dashboard"

urlpatterns = [
    path("", views.runs, name="runs"),
    path("runs", views.rows, name="rows"),
    path("datasets", views.datasets_of_machine, name="datasets"),
    path("runs/new", forms.submit, name="submit"),
    path("runs/<int:number>", views.run, name="run"),
    path("runs/<int:number>/live", views.live, name="live"),
    path("runs/<int:number>/statistics", data.statistics, name="statistics"),
    path("runs/<int:number>/species", data.species, name="species"),
    path("runs/<int:number>/agent", data.agent, name="agent"),
    path("runs/<int:number>/replay", forms.replay, name="replay"),
    path("runs/<int:number>/line", lineage.line, name="line"),
    path("runs/<int:number>/measurements", measurements.measurements, name="measurements"),
    path("runs/<int:number>/trainings", trainings.trainings, name="trainings"),
    path("runs/<int:number>/extend", forms.extend, name="extend"),
    path("runs/<int:number>/<str:action>", forms.act, name="act"),
]
