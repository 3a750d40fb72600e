"""The editor: a draft is kept and checked at each pause, becomes a version, and is merged where two people write it."""

from __future__ import annotations

import html
import re

import pytest
from django.test import RequestFactory

from mfadesk.console import views_drafts, views_runbooks
from mfadesk.operations import drafts
from mfadesk.runbook.shelf import find_source, load_shelf
from mfadesk.runbook.write import write_runbook
from mfadesk.store.models import RunbookDraft, RunbookText
from tests.console.test_runbook_pages import BROKEN, SHIPPED, ask, words
from tests.road.test_publishing import Author, newer


@pytest.fixture
def draft(yew):
    answer = ask(views_drafts.drafts, yew, post={"digest": load_shelf()[SHIPPED].digest})
    return answer.url.rpartition("/")[2]


def kept(draft):
    return RunbookDraft.objects.get(pk=draft)


def change(draft, old, new):
    text = kept(draft).text
    assert old in text
    return text.replace(old, new)


def put(view, who, draft, text, revision=1, base=None, **more):
    base = kept(draft).text if base is None else base
    sent = {"text": text.replace("\n", "\r\n"), "base": base.replace("\n", "\r\n"), "revision": revision, **more}
    return ask(view, who, draft, post=sent)


def test_every_shipped_runbook_has_a_source_that_reads_to_its_digest(play):
    for book in load_shelf().values():
        assert drafts.parse_runbook(find_source(book.digest), "x.yaml").digest == book.digest
    assert find_source("0" * 64) is None


def test_a_draft_begins_with_the_text_as_its_author_wrote_it_and_the_next_number(play, yew, draft):
    old = load_shelf()[SHIPPED]
    assert f"version: {old.version + 1}" in kept(draft).text
    page = ask(views_drafts.draft, yew, draft)
    assert old.title in words(page)
    assert "Proved" in words(page)
    assert old.title in words(ask(views_runbooks.runbooks, yew))
    blank = ask(views_drafts.drafts, yew, post={}).url.rpartition("/")[2]
    assert "A new runbook" in words(ask(views_drafts.draft, yew, blank))


def test_what_was_typed_is_kept_at_a_pause_even_where_it_cannot_be_read(play, yew, draft):
    typed = kept(draft).text + "steps: [\n"
    answer = put(views_drafts.text, yew, draft, typed)
    assert kept(draft).text == typed
    assert kept(draft).revision == 2
    assert 'data-kept="2"' in answer.content.decode()
    assert re.search(r"Line \d+, column \d+", words(answer))
    assert "cannot be read" in words(answer)
    # The next pause goes on from there.
    assert 'name="revision" value="2"' in answer.content.decode()
    put(views_drafts.text, yew, draft, typed + "x", revision=2)
    assert kept(draft).text == typed + "x"


def test_a_mistake_is_named_by_its_line_and_a_broken_rule_by_its_step(play, yew, draft):
    lines = kept(draft).text.splitlines()
    at = next(number for number, line in enumerate(lines, 1) if line.startswith("summary:"))
    answer = put(views_drafts.text, yew, draft, change(draft, "summary:", "summery:"))
    assert f"Line {at}, column 1" in words(answer)
    answer = put(views_drafts.text, yew, draft, write_runbook(newer("contact-change", **BROKEN)), 2)
    assert "is not proved" in words(answer)
    assert "/runbooks/rules#" in answer.content.decode()
    assert re.search(r'data-line="[1-9]', answer.content.decode())


def test_the_second_of_two_savers_overwrites_nothing_and_gets_both_texts(play, yew, elm, draft):
    base = kept(draft).text
    theirs = change(draft, "You are all set", "You are in")
    yours = change(draft, "You are all set", "You are home")
    assert put(views_drafts.draft, yew, draft, theirs).status_code == 302
    pause = put(views_drafts.text, elm, draft, yours, base=base)
    assert kept(draft).text == theirs
    assert "data-kept" not in pause.content.decode()
    assert "Bring both together" in words(pause)
    page = put(views_drafts.draft, elm, draft, yours, base=base)
    assert page.status_code == 409
    assert kept(draft).text == theirs
    assert "You are in" in words(page)
    assert "You are home" in words(page)
    # No choice, and none that exists, is no save; then the choice counts.
    for more in ({}, {"clash-1": "mine"}):
        assert put(views_drafts.draft, elm, draft, yours, 2, base, merging="1", **more).status_code == 409
    assert put(views_drafts.draft, elm, draft, yours, 2, base, merging="1", **{"clash-1": "yours"}).status_code == 302
    assert kept(draft).text == yours


def test_two_changes_in_different_places_are_both_kept_after_a_look(play, yew, elm, draft):
    base = kept(draft).text
    put(views_drafts.draft, yew, draft, change(draft, "You are all set", "You are in"))
    yours = base + "# a remark\n"
    page = put(views_drafts.draft, elm, draft, yours, base=base)
    assert "both are kept" in words(page)
    put(views_drafts.draft, elm, draft, yours, 2, base, merging="1")
    assert kept(draft).text == base.replace("You are all set", "You are in") + "# a remark\n"


def test_a_choice_made_on_an_older_clash_is_asked_again(play, yew, elm, draft):
    base = kept(draft).text
    put(views_drafts.draft, yew, draft, change(draft, "You are all set", "You are in"))
    put(views_drafts.draft, yew, draft, change(draft, "You are in", "You are there"), 2)
    yours = base.replace("You are all set", "You are home")
    stale = put(views_drafts.draft, elm, draft, yours, 2, base, merging="1", **{"clash-1": "yours"})
    assert stale.status_code == 409
    assert "You are there" in kept(draft).text


def test_a_draft_becomes_a_version_that_can_be_offered(play, yew, draft):
    answer = put(views_drafts.version, yew, draft, change(draft, "You are all set", "You are in"))
    digest = answer.url.rpartition("/")[2]
    assert RunbookText.objects.filter(pk=digest).exists()
    assert "Offer for review" in words(ask(views_runbooks.runbook, yew, digest))
    bad = put(views_drafts.version, yew, draft, "runbook: [", 2)
    assert bad.status_code == 422
    assert kept(draft).text == "runbook: ["
    assert "There is a problem" in words(bad)


def test_a_draft_is_thrown_away_and_then_nowhere(play, yew, draft):
    ask(views_drafts.ending, yew, draft, post={})
    assert not RunbookDraft.objects.exists()
    assert ask(views_drafts.draft, yew, draft).status_code == 404
    assert "no such draft" in words(put(views_drafts.text, yew, draft, "x", base=""))


@pytest.mark.parametrize("role", ["operator", "approver", "security", "auditor", "administrator"])
def test_nobody_else_reads_or_writes_a_draft(play, draft, role):
    somebody, before = Author(play, "oak", role), kept(draft).text
    assert ask(views_drafts.draft, somebody, draft).status_code == 403
    for view in (views_drafts.draft, views_drafts.text, views_drafts.version, views_drafts.ending):
        assert put(view, somebody, draft, "mine").status_code == 403
    assert ask(views_drafts.drafts, somebody, post={}).status_code == 403
    assert kept(draft).text == before
    assert RunbookDraft.objects.count() == 1


@pytest.mark.parametrize("text", ["a" * (drafts.MAX_CHARS + 1), "\n" * drafts.MAX_LINES])
def test_a_text_that_is_too_long_is_not_kept_and_the_page_says_so(play, yew, draft, text):
    before = kept(draft).text
    assert put(views_drafts.draft, yew, draft, text).status_code == 422
    assert "fit here" in words(put(views_drafts.text, yew, draft, text))
    assert kept(draft).text == before


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 12])
def test_a_form_without_its_revision_saves_nothing(play, yew, draft, revision):
    before = kept(draft).text
    assert put(views_drafts.draft, yew, draft, "x", revision).status_code == 422
    assert kept(draft).text == before


def test_there_are_only_so_many_drafts(play, yew, draft, monkeypatch):
    monkeypatch.setattr(drafts, "MAX_DRAFTS", 1)
    assert ask(views_drafts.drafts, yew, post={}).status_code == 409
    assert RunbookDraft.objects.count() == 1


def test_nothing_typed_reaches_a_page_as_markup(play, yew, draft):
    evil = "</textarea><script>alert(1)</script>"
    put(views_drafts.text, yew, draft, evil)
    request = RequestFactory().get("/")
    request.staff_actor = yew.actor
    page = views_drafts.draft(request, draft).content.decode()
    assert "<script>alert" not in page
    assert html.escape(evil) in page
