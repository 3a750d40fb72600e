"""The workbench: those who write runbooks see every version, walk what is wrong with one, and bring it into force from its page."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.test import RequestFactory

from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.console import views_runbooks
from mfadesk.operations import publishing
from mfadesk.runbook.shelf import load_shelf
from tests.road.test_publishing import SHIPPED, Author, newer

BROKEN = {'when: decision == "allowed"': 'when: decision != "allowed"'}


def ask(view, who, *args, post=None, **query):
    request = RequestFactory().get("/", query) if post is None else RequestFactory().post("/", post)
    request.staff_actor = who.actor
    return view(request, *args)


def words(answer):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def sign(who, act, runbook):
    """Press an act's button, as the page does."""
    options = json.loads(ask(views_runbooks.act_options, who, runbook.digest, post={"act": act}).content)
    who.key, response = who.key.sign(options, PUBLIC_URL)
    return ask(views_runbooks.acts, who, runbook.digest, post={"act": act, "response": json.dumps(response)})


def test_the_list_shows_every_version_by_what_it_waits_for_and_says_what_to_do_next(play, yew, elm):
    old, new = load_shelf()[SHIPPED], newer()
    said = words(ask(views_runbooks.runbooks, yew))
    assert said.count("Came with the installation") == len(load_shelf())
    assert "Waiting for a review" not in said
    publishing.keep_draft(play.desk, yew.actor, new)
    yew.act("offer", new)
    assert "Waiting for a review 1" in words(ask(views_runbooks.runbooks, yew))
    assert "you may give it" not in words(ask(views_runbooks.runbooks, yew))
    assert "waits for a review, and you may give it" in words(ask(views_runbooks.runbooks, elm))
    elm.act("review", new)
    assert "is reviewed and can be put in force" in words(ask(views_runbooks.runbooks, yew))
    yew.act("publish", new)
    page = ask(views_runbooks.runbooks, yew).content.decode()
    assert new.digest in page
    assert old.digest not in page
    yew.act("retire", new)
    assert "Earlier versions 1" in words(ask(views_runbooks.runbooks, yew))


@pytest.mark.parametrize("role", ["operator", "approver", "security", "auditor", "administrator"])
def test_nobody_else_reads_or_acts_there_and_no_page_leads_them_there(play, role):
    somebody, digest = Author(play, "oak", role), load_shelf()[SHIPPED].digest
    for view, args in ((views_runbooks.runbooks, ()), (views_runbooks.rules, ()), (views_runbooks.runbook, (digest,))):
        answer = ask(view, somebody, *args)
        assert answer.status_code == 403
        assert 'href="/runbooks"' not in answer.content.decode()
    for view in (views_runbooks.acts, views_runbooks.act_options):
        assert ask(view, somebody, digest, post={"act": "retire", "response": "{}"}).status_code == 403


def test_from_draft_to_in_force_by_the_buttons_of_the_page(play, yew, elm):
    new = newer()
    publishing.keep_draft(play.desk, yew.actor, new)
    assert "Draft, offered to nobody yet" in words(ask(views_runbooks.runbook, yew, new.digest))
    for who, act, state in (
        (yew, "offer", "Waits for a review"),
        (elm, "review", "Reviewed, waits"),
        (yew, "publish", "In force, proved."),
    ):
        assert f'name="act" value="{act}"' in ask(views_runbooks.runbook, who, new.digest).content.decode()
        assert sign(who, act, new).status_code == 302
        assert state in words(ask(views_runbooks.runbook, who, new.digest))
    assert play.desk.in_force()[SHIPPED] == new


def test_whoever_offered_it_finds_no_button_to_review_it_and_is_refused(play, yew):
    new = newer()
    publishing.keep_draft(play.desk, yew.actor, new)
    yew.act("offer", new)
    assert 'value="review"' not in ask(views_runbooks.runbook, yew, new.digest).content.decode()
    refused = ask(views_runbooks.act_options, yew, new.digest, post={"act": "review"})
    assert (refused.status_code, refused.headers["Content-Type"]) == (409, "application/problem+json")


def test_an_answer_that_no_key_signed_does_nothing_and_the_page_says_so(play, yew):
    new = newer()
    publishing.keep_draft(play.desk, yew.actor, new)
    answer = ask(views_runbooks.acts, yew, new.digest, post={"act": "offer", "response": json.dumps({"id": "x"})})
    assert answer.status_code in (409, 422)
    assert "There is a problem" in words(answer)
    assert "Draft, offered to nobody yet" in words(answer)


def test_a_counter_example_is_walked_step_by_step_and_drawn_so_far(play, yew):
    bad = newer("contact-change", **BROKEN)
    proof = publishing.keep_draft(play.desk, yew.actor, bad).proof
    page = ask(views_runbooks.runbook, yew, bad.digest).content.decode()
    number = next(n for n, one in enumerate(proof.findings, 1) if one.path is not None and len(one.path.hops) > 2)
    path = proof.findings[number - 1].path
    assert f'href="?wrong={number}&amp;at=1#walk"' in page
    assert 'value="offer"' not in page
    drawn = []
    for at in range(1, len(path.hops) + 2):
        page = ask(views_runbooks.runbook, yew, bad.digest, wrong=number, at=at).content.decode()
        step = path.hops[at - 1].step if at <= len(path.hops) else path.end
        assert f'<li id="step-{step}" tabindex="-1" aria-current="step">' in page
        assert f"step {at} of {len(path.hops) + 1}" in page
        drawn.append(page.count('map-edge on-path"') + page.count("map-late on-path"))
    assert drawn[0] == 0
    assert drawn == sorted(drawn)
    assert proof.findings[number - 1].sentence in html.unescape(page)
    assert 'rel="next"' not in page
    assert "step 1 of" not in ask(views_runbooks.runbook, yew, bad.digest, wrong=999, at=1).content.decode()


def test_a_version_shows_what_it_changes_for_callers_and_attackers_before_anybody_signs(play, yew):
    gone = {"outcome: self_service": "outcome: refused", "    say: You have set it yourself. You are all set.\n": ""}
    new = newer(**gone)
    publishing.keep_draft(play.desk, yew.actor, new)
    answer = ask(views_runbooks.runbook, yew, new.digest)
    said = words(answer)
    assert "Shut out now: “Set by the person” becomes “Set by the person”" in said
    assert "Changed: Set by the person outcome, say" in said
    assert "The cheapest attack" in said
    assert ">changed</tspan>" in answer.content.decode()
    assert "Nothing" not in said


def test_every_step_of_sixty_has_its_words_and_every_link_of_the_map_leads_to_one(play, yew):
    book = load_shelf()["device-replacement"]
    page = ask(views_runbooks.runbook, yew, book.digest).content.decode()
    for step_id in book.steps:
        assert f'id="step-{step_id}"' in page
    for phase in {step.phase for step in book.steps.values() if step.phase}:
        assert f"<h3>{html.escape(phase)}</h3>" in page
    assert set(re.findall(r'class="map-node[^"]*" href="#([^"]+)"', page)) <= set(re.findall(r' id="([^"]+)"', page))
    assert "from the fragment <code>suspend-first</code>" in page
    assert "style=" not in page


def test_a_rule_has_a_place_that_a_finding_links_to(play, yew):
    bad = newer("contact-change", **BROKEN)
    publishing.keep_draft(play.desk, yew.actor, bad)
    page = ask(views_runbooks.runbook, yew, bad.digest).content.decode()
    named = set(re.findall(r'href="/runbooks/rules#([a-z-]+)"', page))
    assert named
    assert named <= set(re.findall(r'<div id="([a-z-]+)"', ask(views_runbooks.rules, yew).content.decode()))


@pytest.mark.parametrize("digest", ["0" * 64, "x", "..", "%2e"])
def test_what_is_not_kept_is_not_found(play, yew, digest):
    assert ask(views_runbooks.runbook, yew, digest).status_code == 404
