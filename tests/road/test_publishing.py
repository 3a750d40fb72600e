"""A runbook comes into force by two people's desk keys and a proof, and by nothing else; a case stays with what it began with."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mfadesk.cli.throwaway import PUBLIC_URL, enlist
from mfadesk.executor.publishing import note_shipped
from mfadesk.executor.staff_register import StaffRegister
from mfadesk.kernel.errors import Broken, Invalid, Refusal
from mfadesk.ledger.leaf import DESK
from mfadesk.operations import open_case, publishing
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.publications import INSTALLATION, read_ledger
from mfadesk.operations.shelf_in_force import ShelfInForce
from mfadesk.runbook.parse import parse_runbook
from mfadesk.runbook.shelf import load_shelf
from mfadesk.runbook.write import write_runbook
from mfadesk.store.commit import load_case
from mfadesk.store.models import Alert, EventRow, RunbookText, StaffFact
from tests.road.play import Play

SHIPPED = "password-only"


def newer(name=SHIPPED, **change):
    """Return a shipped runbook with other words somewhere, and so another digest."""
    text = write_runbook(load_shelf()[name])
    for old, new in (change or {"You are all set": "You are in"}).items():
        assert old in text
        text = text.replace(old, new)
    return parse_runbook(text, "newer.yaml")


class Author:
    def __init__(self, play, login, *roles, person_id=None):
        self.play = play
        self.actor, self.key = enlist(play.throwaway, login, roles or ["author"], person_id)

    def act(self, act, runbook):
        options = publishing.begin_act(self.play.desk, self.actor, act, runbook.digest)
        self.key, response = self.key.sign(options, PUBLIC_URL)
        return publishing.finish_act(self.play.desk, self.actor, response)


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def yew(play):
    return Author(play, "yew")


@pytest.fixture
def elm(play):
    return Author(play, "elm")


def in_force(play, runbook):
    return play.desk.in_force().get(runbook.id)


def publish(play, yew, elm, runbook):
    publishing.keep_draft(play.desk, yew.actor, runbook)
    yew.act("offer", runbook)
    elm.act("review", runbook)
    return yew.act("publish", runbook)


def begin(play, goal="reset_password"):
    case = open_case.open_case(play.desk, play.operator, None, said_name="Somebody", goal=goal)
    return load_case(case)


def test_a_version_goes_from_draft_to_published_and_new_cases_begin_with_it(play, yew, elm):
    old, new = load_shelf()[SHIPPED], newer()
    before = begin(play)
    assert publishing.keep_draft(play.desk, yew.actor, new).proof.proved
    assert in_force(play, new) == old
    assert yew.act("offer", new).state == "offered"
    assert elm.act("review", new).state == "reviewed"
    assert in_force(play, new) == old
    told = yew.act("publish", new)
    assert (told.state, told.published_by, told.reviewed_by) == (
        "published",
        f"staff:{yew.actor.id}",
        f"staff:{elm.actor.id}",
    )
    assert in_force(play, new) == new
    after = begin(play)
    assert (before.runbook_digest, after.runbook_digest) == (old.digest, new.digest)
    assert play.desk.runbook_of(before) == old
    assert play.throwaway.executor.desk.runbook_of(after) == new
    assert Alert.objects.filter(kind="runbook").count() == 1


def test_before_it_is_published_one_sees_what_it_changes(play, yew):
    old = load_shelf()[SHIPPED]
    text = (
        write_runbook(old)
        .replace("outcome: self_service", "outcome: refused")
        .replace("    say: You have set it yourself. You are all set.\n", "")
    )
    new = parse_runbook(text, "worse.yaml")
    publishing.keep_draft(play.desk, yew.actor, new)
    told = publishing.compare_with_force(play.desk, new.digest)
    assert (told.old, told.new) == (old, new)
    assert [step_id for step_id, _ in told.changes.changed] == ["by-self"]
    assert [(one.before, one.after) for one in told.effect.shut_out] == [("Set by the person", "Set by the person")]
    assert ">changed<" in told.after and not told.proof.proved
    with pytest.raises(Refusal, match="No runbook is kept"):
        publishing.compare_with_force(play.desk, "0" * 64)


def test_every_act_is_in_the_ledger_with_who_signed_it(play, yew, elm):
    new = newer()
    publish(play, yew, elm, new)
    elm.act("retire", new)
    rows = EventRow.objects.filter(case_id=DESK, kind__startswith="runbook_").order_by("seq")
    assert [(row.kind, row.actor) for row in rows] == [
        ("runbook_offered", f"staff:{yew.actor.id}"),
        ("runbook_reviewed", f"staff:{elm.actor.id}"),
        ("runbook_published", f"staff:{yew.actor.id}"),
        ("runbook_retired", f"staff:{elm.actor.id}"),
    ]
    assert {json.loads(row.body)["digest"] for row in rows} == {new.digest}
    assert read_ledger() == dict(play.throwaway.executor.staff.read().runbooks)
    play.throwaway.executor.watch.sign_checkpoint()


def test_a_retired_version_serves_its_cases_and_no_new_ones(play, yew, elm):
    old, new = load_shelf()[SHIPPED], newer()
    publish(play, yew, elm, new)
    case = begin(play)
    yew.act("retire", new)
    assert in_force(play, new) == old
    assert play.desk.runbook_of(case) == new
    assert begin(play).runbook_digest == old.digest
    yew.act("retire", old)
    assert in_force(play, new) is None
    with pytest.raises(Refusal, match="no runbook for"):
        begin(play)


def test_nobody_reviews_what_they_offered_also_not_under_another_name(play):
    person = play.person("hazel").id
    first, second = Author(play, "one", person_id=person), Author(play, "two", person_id=person)
    new = newer()
    publishing.keep_draft(play.desk, first.actor, new)
    first.act("offer", new)
    for somebody in (first, second):
        with pytest.raises(Refusal) as refused:
            somebody.act("review", new)
        assert refused.value.code == "own_runbook"
    assert read_ledger()[new.digest].state == "offered"


def test_what_is_not_proved_is_never_offered(play, yew):
    bad = newer("contact-change", **{'when: decision == "allowed"': 'when: decision != "allowed"'})
    told = publishing.keep_draft(play.desk, yew.actor, bad)
    assert not told.proof.proved
    with pytest.raises(Refusal) as refused:
        yew.act("offer", bad)
    assert refused.value.code == "not_proved"
    assert read_ledger() == {}


@pytest.mark.parametrize(
    ("done", "act"), [((), "review"), ((), "publish"), (("offer",), "publish"), ((), "retire"), (("offer",), "offer")]
)
def test_no_step_is_left_out_and_none_is_done_twice(play, yew, elm, done, act):
    new = newer()
    publishing.keep_draft(play.desk, yew.actor, new)
    for step in done:
        yew.act(step, new)
    with pytest.raises(Refusal) as refused:
        elm.act(act, new)
    assert refused.value.code == "not_now"


def test_only_those_whose_role_it_is(play, yew):
    new = newer()
    publishing.keep_draft(play.desk, yew.actor, new)
    clerk = Author(play, "oak", "operator")
    for act in ("offer", "review", "publish", "retire"):
        with pytest.raises(Refusal, match="Your role"):
            publishing.begin_act(play.desk, clerk.actor, act, new.digest)
        # The web tier may lie about roles; the executor has its own register.
        with pytest.raises(Refusal) as refused:
            ask_executor(play.desk, "begin_runbook_act", "", {"staff": clerk.actor.id, "act": act, "digest": new.digest})
        assert refused.value.code == "not_your_role"
    with pytest.raises(Refusal, match="does not write runbooks"):
        publishing.keep_draft(play.desk, clerk.actor, new)
    with pytest.raises(Invalid):
        publishing.begin_act(play.desk, yew.actor, "approve", new.digest)


def test_an_assertion_counts_once_and_for_its_own_version_and_act(play, yew, elm):
    new, other = newer(), newer("switch-off", **{"It works, so it stays": "It works and stays"})
    for book in (new, other):
        publishing.keep_draft(play.desk, yew.actor, book)
    options = publishing.begin_act(play.desk, yew.actor, "offer", new.digest)
    yew.key, response = yew.key.sign(options, PUBLIC_URL)
    payload = {"staff": yew.actor.id, "response": {"json": response}, "act": "publish", "digest": other.digest}
    if isinstance(response, dict) and "json" in response:
        payload["response"] = response
    assert ask_executor(play.desk, "finish_runbook_act", "", payload)["digest"] == new.digest
    with pytest.raises(Refusal) as refused:
        ask_executor(play.desk, "finish_runbook_act", "", payload)
    assert refused.value.code == "wrong_proof"
    assert {one.digest: one.state for one in read_ledger().values()} == {new.digest: "offered"}


def test_a_goal_is_served_by_one_runbook(play, yew, elm):
    text = write_runbook(load_shelf()[SHIPPED]).replace("runbook: password-only", "runbook: our-own")
    rival = parse_runbook(text, "rival.yaml")
    publishing.keep_draft(play.desk, yew.actor, rival)
    yew.act("offer", rival)
    elm.act("review", rival)
    with pytest.raises(Refusal, match="password-only serves reset_password already"):
        yew.act("publish", rival)
    yew.act("retire", load_shelf()[SHIPPED])
    yew.act("publish", rival)
    assert begin(play).runbook_digest == rival.digest


def test_a_hostile_web_tier_puts_nothing_in_force(play, yew, elm):
    new = newer()
    publishing.keep_text(play.desk, new)
    body = {"runbook": new.id, "digest": new.digest, "policy": play.desk.policy.digest, "by": f"staff:{yew.actor.id}"}
    with play.desk.unit() as unit:
        for kind in ("runbook_offered", "runbook_reviewed", "runbook_published"):
            unit.record_of_desk(kind, body, play.clock.now(), "staff:1")
    # Its own pages believe it, and the executor moves no such case.
    assert in_force(play, new) == new
    with pytest.raises(Refusal, match="not on the shelf"):
        play.throwaway.executor.desk.runbook_of(begin(play))
    StaffFact.objects.create(
        seq=StaffFact.objects.count() + 1, kind="runbook_published", at="x", body=json.dumps(body), mac="0" * 64
    )
    with pytest.raises(Broken):
        StaffRegister(play.throwaway.executor.desk).read()


def test_a_text_that_is_another_s_is_not_believed(play, yew, elm):
    new = newer()
    publish(play, yew, elm, new)
    RunbookText.objects.filter(pk=new.digest).update(text=write_runbook(newer(**{"You are all set": "You are lost"})))
    fresh = replace(play.desk, runbooks=ShelfInForce(load_shelf_trusted(play), play.desk.policy))
    assert fresh.in_force()[SHIPPED] == load_shelf()[SHIPPED]
    with pytest.raises(KeyError):
        fresh.runbooks[new.digest]


def load_shelf_trusted(play):
    return {book.digest: book for book in load_shelf().values()}


def test_what_ships_is_published_by_the_installation_and_an_upgrade_leaves_running_cases_and_own_versions_alone(play, yew, elm):
    executor = play.throwaway.executor
    note_shipped(executor)
    note_shipped(executor)
    standing = read_ledger()
    assert {one.published_by for one in standing.values()} == {INSTALLATION}
    assert standing.keys() == {book.digest for book in load_shelf().values()}
    case = begin(play)
    # Another version ships: the old one is on no shelf any more, and its text is kept.
    old, upgraded = load_shelf()[SHIPPED], newer()
    shelf = {book.digest: book for book in load_shelf().values() if book.id != SHIPPED} | {upgraded.digest: upgraded}
    after = replace(play.desk, runbooks=ShelfInForce(shelf, play.desk.policy))
    assert after.in_force()[SHIPPED] == upgraded
    assert after.runbook_of(case).digest == old.digest
    own = newer(**{"You are all set": "You are home"})
    publish(play, yew, elm, own)
    assert after.in_force()[SHIPPED] == own
    assert [one.published_by for one in publishing.list_publications(play.desk) if one.runbook == SHIPPED] == [
        INSTALLATION,
        f"staff:{yew.actor.id}",
    ]
