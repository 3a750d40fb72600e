"""Addresses of the side room, under /demo/."""

from django.urls import path

from mfadesk.demo import softkeys, views

app_name = "demo"
urlpatterns = [
    path("", views.home, name="home"),
    path("calls/<slug:key>/", views.call, name="call"),
    path("people/", views.people, name="people"),
    path("people/<str:login>/", views.person, name="person"),
    path("people/<str:login>/codes", views.codes, name="codes"),
    path("people/<str:login>/scan", views.scan, name="scan"),
    path("people/<str:login>/press", views.press, name="press"),
    path("mail/", views.mailboxes, name="mail"),
    path("provider/", views.provider, name="provider"),
    path("softkey/token", softkeys.token, name="softkey_token"),
    path("softkey/offer", softkeys.offer, name="softkey_offer"),
    path("softkey/use", softkeys.use, name="softkey_use"),
]
