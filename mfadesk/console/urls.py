"""Addresses of the staff console. Verbs are nouns: an answer is posted to the case's answers."""

from __future__ import annotations

from django.urls import path

from mfadesk.console import views_calls, views_case, views_drafts, views_key, views_runbooks

app_name = "console"

urlpatterns = [
    path("", views_calls.calls, name="calls"),
    path("calls/version", views_calls.calls_version, name="calls_version"),
    path("desk-key", views_key.desk_key, name="desk_key"),
    path("desk-key/options", views_key.desk_key_options, name="desk_key_options"),
    path("runbooks", views_runbooks.runbooks, name="runbooks"),
    path("runbooks/rules", views_runbooks.rules, name="rules"),
    path("runbooks/map.css", views_runbooks.map_css, name="map_css"),
    path("runbooks/drafts", views_drafts.drafts, name="drafts"),
    path("runbooks/drafts/<str:draft_id>", views_drafts.draft, name="draft"),
    path("runbooks/drafts/<str:draft_id>/text", views_drafts.text, name="draft_text"),
    path("runbooks/drafts/<str:draft_id>/version", views_drafts.version, name="draft_version"),
    path("runbooks/drafts/<str:draft_id>/ending", views_drafts.ending, name="draft_ending"),
    path("runbooks/<str:digest>", views_runbooks.runbook, name="runbook"),
    path("runbooks/<str:digest>/acts/options", views_runbooks.act_options, name="runbook_act_options"),
    path("runbooks/<str:digest>/acts", views_runbooks.acts, name="runbook_acts"),
    path("theme", views_calls.theme, name="theme"),
    path("cases", views_calls.cases, name="cases"),
    path("cases/new", views_calls.start, name="start"),
    path("cases/<str:case_id>", views_case.case, name="case"),
    path("cases/<str:case_id>/version", views_case.case_version, name="case_version"),
    path("cases/<str:case_id>/answers", views_case.answers, name="answers"),
    path("cases/<str:case_id>/ownership", views_case.ownership, name="ownership"),
    path("cases/<str:case_id>/ending", views_case.ending, name="ending"),
    path("cases/<str:case_id>/link", views_case.link, name="link"),
    path("cases/<str:case_id>/code", views_case.code, name="code"),
    path("cases/<str:case_id>/vouch-requests", views_case.vouch_requests, name="vouch_requests"),
    path("cases/<str:case_id>/out-of-reach", views_case.out_of_reach, name="out_of_reach"),
    path("cases/<str:case_id>/call-backs", views_case.call_backs, name="call_backs"),
    path("cases/<str:case_id>/thaw", views_case.thaw, name="thaw"),
    path("cases/<str:case_id>/review", views_case.review, name="review"),
    path("cases/<str:case_id>/review/options", views_case.review_options, name="review_options"),
    path("cases/<str:case_id>/browser", views_case.browser, name="browser"),
    path("cases/<str:case_id>/pressure", views_case.pressure, name="pressure"),
    path("cases/<str:case_id>/signals", views_case.signals, name="signals"),
    path("cases/<str:case_id>/attestations/options", views_case.attestation_options, name="attestation_options"),
    path("cases/<str:case_id>/attestations", views_case.attestations, name="attestations"),
    path("cases/<str:case_id>/approvals/options", views_case.approval_options, name="approval_options"),
    path("cases/<str:case_id>/approvals", views_case.approvals, name="approvals"),
    path("cases/<str:case_id>/record", views_case.record, name="record"),
]
