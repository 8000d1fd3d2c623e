from django.urls import path

from . import views

urlpatterns = [
    path("photos", views.index),
    path("photos/new", views.create),
    path("imgprep/notifications", views.notifications),
]
