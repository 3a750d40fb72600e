"""Addresses of the people's pages: short enough to be read out, and all under two prefixes that a proxy can give a host of their own."""

from __future__ import annotations

from django.urls import path

from mfadesk.portal import views_case, views_links

app_name = "portal"

urlpatterns = [
    path("me/", views_case.start, name="start"),
    path("me/code", views_case.code, name="code"),
    path("me/link/<str:token>", views_case.link, name="link"),
    path("me/not-me/<str:token>", views_links.not_me, name="not_me"),
    path("me/case", views_case.case, name="case"),
    path("me/case/version", views_case.version, name="version"),
    path("me/case/answer", views_case.answer, name="answer"),
    path("me/case/call-words", views_case.call_words, name="call_words"),
    path("me/case/proofs", views_case.proofs, name="proofs"),
    path("me/case/passkey/options", views_case.passkey_options, name="passkey_options"),
    path("me/case/passkey", views_case.passkey, name="passkey"),
    path("me/case/kind", views_case.kind, name="kind"),
    path("me/case/enrolment", views_case.enrolment, name="enrolment"),
    path("me/case/test", views_case.test, name="test"),
    path("me/case/report", views_case.report, name="report"),
    path("vouch/<str:token>", views_links.vouch, name="vouch"),
    path("vouch/<str:token>/options", views_links.vouch_options, name="vouch_options"),
    path("vouch/<str:token>/answer", views_links.vouch_answer, name="vouch_answer"),
]
