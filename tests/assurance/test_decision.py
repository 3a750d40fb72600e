"""What a decision promises: it explains itself, never gets easier for an attacker, and keeps the plans it names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mfadesk.assurance.circumstances import ALWAYS_HELD, find_held, find_quarantined
from mfadesk.assurance.decision import assess, decide
from mfadesk.assurance.model import Allowed, Circumstances, Evidence, Refused
from mfadesk.assurance.policy import load_policy
from mfadesk.assurance.words import say_attack, say_held

POLICY = load_policy()
NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
KNOWN = Circumstances(leaning_changed_at={})
FACTORS = sorted(name for name, method in POLICY.methods.items() if method.role == "factor")
NAMES = ("hr_data_write", "insider_operator", "insider_second_operator", "parallel_vish", "sim_swap", "key_theft")


def proof(method, second=False, at=NOW, minutes=60):
    return Evidence(method, at, at + timedelta(minutes=minutes), "test", second_attested=second)


def ask(
    evidence, circumstances=KNOWN, action="replace_authenticator", tier="standard", available=(), policy=POLICY, threat="normal"
):
    return decide(evidence, circumstances, action, tier, threat, policy, NOW, available)


def codes(decision):
    return {reason.code for reason in decision.reasons}


# --- unknown means refuse ------------------------------------------------------------------------------------------------


def test_without_a_policy_everything_is_refused():
    assert codes(ask([proof("fido2_existing")], policy=None)) == {"no_policy"}


@pytest.mark.parametrize(("action", "tier"), [("grant_everything", "standard"), ("replace_authenticator", "emperor")])
def test_an_action_or_tier_that_policy_does_not_name_is_refused(action, tier):
    decision = ask([proof("fido2_existing"), proof("managed_device_signin")], action=action, tier=tier)
    assert codes(decision) == {"no_requirement"}
    assert decision.requirement is None


def test_a_threat_level_that_nobody_knows_is_the_raised_one():
    decision = ask([proof("managed_device_signin")], threat="calm")
    assert decision.requirement.threat == "raised"


def test_no_evidence_is_refused_at_every_tier_and_for_every_action():
    for action, tier, threat in POLICY.requirements:
        assert isinstance(ask([], action=action, tier=tier, threat=threat), Refused)


@pytest.mark.parametrize("method", [name for name, method in POLICY.methods.items() if method.role != "factor"])
def test_what_is_no_factor_proves_nothing(method):
    decision = ask([proof(method, second=True)], action="suspend_authenticator")
    assert isinstance(decision, Refused)
    assert decision.assessment.attack.points == 0


def test_a_method_that_policy_does_not_know_proves_nothing():
    assert codes(ask([proof("crystal_ball")])) >= {"no_evidence"}


def test_a_missing_directory_snapshot_voids_everything_that_leans_on_it():
    unknown = replace(KNOWN, unknown=frozenset({"directory"}))
    evidence = [proof("manager_portal"), proof("push_code_transfer")]
    assert isinstance(ask(evidence), Allowed)
    assert ask(evidence, unknown).assessment.attack.points == 30


def test_circumstances_that_nobody_filled_in_count_as_changed_today():
    assert find_quarantined(Circumstances(), POLICY, NOW) >= {"mobile", "manager", "photo"}


@pytest.mark.parametrize("snapshot", ["provider", "something_new"])
def test_a_missing_provider_snapshot_refuses_since_a_survivor_may_be_hidden(snapshot):
    decision = ask([proof("managed_device_signin")], replace(KNOWN, unknown=frozenset({snapshot})))
    assert "provider_unknown" in codes(decision)


# --- time ----------------------------------------------------------------------------------------------------------------


def test_evidence_is_dropped_the_second_it_expires():
    item = proof("managed_device_signin", at=NOW - timedelta(minutes=60), minutes=60)
    assert isinstance(ask([item]), Refused)


def test_policys_lifetime_holds_even_where_the_evidence_claims_a_longer_one():
    item = proof("managed_device_signin", at=NOW - timedelta(minutes=61), minutes=600)
    assert isinstance(ask([item]), Refused)


def test_evidence_from_the_future_is_dropped():
    assert isinstance(ask([proof("managed_device_signin", at=NOW + timedelta(seconds=1))]), Refused)


def test_a_decision_ends_with_its_evidence_or_after_policys_time_whichever_is_first():
    assert ask([proof("managed_device_signin")]).expires_at == NOW + timedelta(minutes=30)
    assert ask([proof("managed_device_signin", minutes=5)]).expires_at == NOW + timedelta(minutes=5)


# --- what an operator says, and what data says --------------------------------------------------------------------------


def test_one_operators_word_is_as_cheap_as_one_operator():
    decision = ask([proof("in_person_badge")])
    assert decision.assessment.attack.compromises == {"insider_operator"}


def test_a_second_operator_makes_it_a_matter_of_both():
    assessment = assess([proof("in_person_badge", second=True)], frozenset(), POLICY)
    assert assessment.attack.points == 65
    pair = POLICY.compromises["insider_operator"].points + POLICY.compromises["insider_second_operator"].points
    given_lookalike = assess(
        [proof("video_photo_on_file", second=True), proof("in_person_badge", second=True)], frozenset(), POLICY
    )
    assert given_lookalike.attack.points == pair


def test_a_call_back_to_a_number_changed_today_proves_nothing():
    changed = replace(KNOWN, leaning_changed_at={"mobile": NOW - timedelta(hours=3)})
    assert ask([proof("callback_on_file", second=True)], changed).assessment.attack.points == 0


def test_a_new_photo_does_not_void_an_old_number():
    changed = replace(KNOWN, leaning_changed_at={"photo": NOW - timedelta(hours=3)})
    assert assess([proof("callback_on_file", True)], find_held(changed, POLICY, NOW), POLICY).attack.points == 30
    assert assess([proof("video_photo_on_file", True)], find_held(changed, POLICY, NOW), POLICY).attack.points == 0


def test_quarantine_ends_on_the_day_that_policy_names():
    just = replace(KNOWN, leaning_changed_at={"mobile": NOW - timedelta(days=30) + timedelta(seconds=1)})
    over = replace(KNOWN, leaning_changed_at={"mobile": NOW - timedelta(days=30)})
    assert find_quarantined(just, POLICY, NOW) == {"mobile"}
    assert find_quarantined(over, POLICY, NOW) == frozenset()


def test_a_change_dated_in_the_future_is_fresh():
    ahead = replace(KNOWN, leaning_changed_at={"manager": NOW + timedelta(days=400)})
    assert find_quarantined(ahead, POLICY, NOW) == {"manager"}


# --- claims, signals, campaigns -----------------------------------------------------------------------------------------


def test_a_stolen_phone_is_the_thiefs_and_nothing_on_it_counts():
    stolen = replace(KNOWN, gone=frozenset({"phone"}), stolen=True)
    evidence = [proof("push_code_transfer"), proof("callback_on_file", True), proof("passkey_synced_existing")]
    assert ask(evidence, stolen).assessment.attack.points == 0
    assert isinstance(ask([proof("managed_device_signin")], stolen), Allowed)


def test_theft_of_something_unnamed_may_be_theft_of_anything():
    held = find_held(replace(KNOWN, stolen=True), POLICY, NOW)
    assert {"stolen_phone_unlocked", "key_theft", "endpoint_malware"} <= held


@pytest.mark.parametrize(
    ("signal", "method"),
    [
        ("sim_change_within_7d", "callback_on_file"),
        ("number_forwarded", "callback_on_file"),
        ("approval_before_request", "manager_portal"),
        ("contact_changed_within_30d", "sms_code"),
        ("second_call_reported_by_user", "saved_recovery_code"),
    ],
)
def test_a_signal_makes_what_it_speaks_of_worthless(signal, method):
    decision = ask([proof(method, True)], replace(KNOWN, signals=frozenset({signal})))
    assert decision.assessment.attack.points == 0


def test_a_signal_that_policy_does_not_name_changes_nothing():
    evidence = [proof("managed_device_signin")]
    assert ask(evidence, replace(KNOWN, signals=frozenset({"full_moon"}))) == ask(evidence)


@pytest.mark.parametrize("signal", sorted(POLICY.signals))
def test_no_signal_ever_makes_a_refusal_an_allowance(signal):
    noted = replace(KNOWN, signals=frozenset({signal}))
    for tier in ("standard", "sensitive", "exec", "privileged", "tier0"):
        for name in FACTORS:
            if isinstance(ask([proof(name, True)], tier=tier), Refused):
                assert isinstance(ask([proof(name, True)], noted, tier=tier), Refused)


def test_a_campaign_gives_away_what_it_uses():
    campaign = replace(KNOWN, campaign=frozenset({"endpoint_malware"}))
    assert isinstance(ask([proof("managed_device_signin")], campaign), Refused)


def test_a_person_who_says_this_was_not_me_ends_it_whatever_is_proved():
    said = replace(KNOWN, signals=frozenset({"user_repudiates_notification"}))
    decision = ask([proof("fido2_existing"), proof("in_person_badge", True)], said, available=FACTORS)
    assert "signal_refuses" in codes(decision)
    assert decision.plans == ()


# --- survivors, grace, in person ----------------------------------------------------------------------------------------


def test_a_survivor_in_use_lately_must_be_shown_first():
    decision = ask([proof("push_code_transfer"), proof("manager_portal")], replace(KNOWN, survivors=("fido2_existing",)))
    assert codes(decision) == {"survivor:fido2_existing"}


def test_a_plan_around_a_survivor_holds_the_survivor():
    around = replace(KNOWN, survivors=("fido2_existing",))
    decision = ask([proof("push_code_transfer"), proof("manager_portal")], around, available=["fido2_existing", "idv_gov_id"])
    assert [plan.methods for plan in decision.plans] == [("fido2_existing",)]


def test_a_weaker_survivor_is_not_asked_for_once_something_phishing_resistant_was_shown():
    assert isinstance(ask([proof("fido2_existing")], replace(KNOWN, survivors=("totp_existing",))), Allowed)


def test_a_phone_used_yesterday_that_is_said_to_be_gone_cannot_prove_its_own_loss():
    evidence = [proof("passkey_synced_existing"), proof("vc_facecheck")]
    lately = replace(KNOWN, gone=frozenset({"phone"}), gone_used_at=NOW - timedelta(days=1))
    long_ago = replace(lately, gone_used_at=NOW - timedelta(days=8))
    assert codes(ask(evidence, lately)) == {"all_on_the_phone"}
    assert isinstance(ask(evidence, long_ago), Allowed)


def test_suspending_asks_for_one_proof_that_is_not_held_already():
    stolen = replace(KNOWN, gone=frozenset({"phone"}), stolen=True)
    for tier in ("standard", "tier0"):
        suspend = {"action": "suspend_authenticator", "tier": tier}
        assert isinstance(ask([proof("totp_existing")], stolen, **suspend), Refused)
        assert isinstance(ask([proof("saved_recovery_code")], stolen, **suspend), Allowed)


def test_a_privileged_replacement_waits_unless_proof_stands_that_cannot_be_talked_out_of_anybody():
    waiting = ask([proof("manager_portal"), proof("idv_gov_id"), proof("push_code_transfer")], tier="privileged")
    at_once = ask([proof("fido2_existing"), proof("managed_device_signin")], tier="privileged")
    assert (waiting.grace_s, at_once.grace_s) == (86_400, 0)


def test_one_operators_word_waives_no_grace():
    evidence = [proof("in_person_badge"), proof("manager_portal"), proof("idv_gov_id")]
    alone = ask(evidence, tier="privileged")
    both = ask([replace(evidence[0], second_attested=True), *evidence[1:]], tier="privileged")
    assert (alone.grace_s, both.grace_s) == (86_400, 0)


def test_in_person_only_is_met_only_in_person():
    key = ("replace_authenticator", "standard", "normal")
    strict = replace(POLICY, requirements={key: replace(POLICY.requirements[key], in_person_only=True)})
    assert codes(ask([proof("fido2_existing")], policy=strict)) == {"in_person_only"}
    assert isinstance(ask([proof("in_person_badge", True)], policy=strict), Allowed)


# --- plans and words -----------------------------------------------------------------------------------------------------


def test_plans_come_quickest_first_and_at_most_three():
    plans = ask([], available=FACTORS).plans
    assert len(plans) == 3
    assert list(plans) == sorted(plans, key=lambda plan: plan.minutes)
    assert plans[0].methods == ("fido2_existing",)


def test_a_plan_says_where_a_second_operator_is_needed():
    (plan,) = ask([proof("in_person_badge")], available=["in_person_badge"]).plans
    assert (plan.methods, plan.second_attested) == (("in_person_badge",), ("in_person_badge",))


def test_where_nothing_left_would_do_no_plan_is_made_up():
    assert ask([], tier="tier0", available=["sms_code", "callback_on_file", "totp_existing"]).plans == ()


def test_tangled_evidence_is_refused_with_the_reason(monkeypatch):
    monkeypatch.setattr("mfadesk.assurance.attack_cost.MAX_NODES", 0)
    assert codes(ask([proof("idv_gov_id"), proof("video_photo_on_file", True), proof("vc_facecheck")])) == {"search_limit"}


@pytest.mark.parametrize(
    ("methods", "sentence"),
    [
        (["callback_on_file"], "Calls forwarded at the carrier would be enough."),
        (["managed_device_signin"], "Malware on the work laptop (the password is taken as known) would be enough."),
        (
            ["push_code_transfer", "manager_portal"],
            "A voucher who was talked round and the person on another line, coached to read out codes would be enough.",
        ),
        ([], "What an impostor has already would be enough."),
    ],
)
def test_the_cheapest_attack_is_said_in_words(methods, sentence):
    evidence = [proof(name, POLICY.methods[name].operator_attested) for name in methods]
    assert say_attack(assess(evidence, ALWAYS_HELD, POLICY).attack, POLICY) == sentence


def test_what_is_held_is_said_with_the_data_it_concerns():
    assert say_held(frozenset({"hr_data_write:mobile"}), POLICY) == ("write access to the directory or HR data (mobile)",)
