"""The published scenarios at the level of this room: does policy refuse every attack and serve every honest caller?

The whole desk plays the same file in `mfadesk drill`; this is the quick check that the numbers are right. What an attacker can
bring follows from the facts' own list of what defeats each method, never from our policy. `expected`, `path`, `sound_methods`
and `weak_methods` are not read.
"""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from attackers import NOW, find_presentable, proof, subsets

from mfadesk.assurance.decision import decide
from mfadesk.assurance.model import Allowed, Circumstances, Refused
from mfadesk.assurance.policy import load_policy

pytestmark = pytest.mark.shared
POLICY = load_policy()
TALK_MIN = 6
"""Minutes of talk where a credential changes; independent proofs run beside each other."""
CHANGES = {"regain_access", "replace_device", "first_credential", "restore_account", "time_boxed_bypass"}
YESTERDAY = NOW - timedelta(days=1)
TWO_YEARS = NOW - timedelta(days=730)
OF_THE_DIRECTORY = {"manager_portal", "hr_attest", "peer_vouch", "in_person_badge", "idv_gov_id", "video_photo_on_file"}


def find_facts():
    """The facts beside the project, in a folder above it, or where MFADESK_SHARED says."""
    named = os.environ.get("MFADESK_SHARED")
    folders = [Path(named)] if named else [parent / "shared" for parent in Path(__file__).resolve().parents]
    return next((folder / "facts" for folder in folders if (folder / "facts/scenarios.yaml").is_file()), None)


FACTS = find_facts()
if FACTS is None:
    pytest.skip("the facts folder is not beside the project; set MFADESK_SHARED", allow_module_level=True)

METHODS = {
    item["id"]: item
    for item in yaml.safe_load((FACTS / "verification-methods.yaml").read_text("utf-8"))["methods"]
    if item["role"] == "factor"
}
WAYS = {name: [frozenset(way.split("+")) for way in item["defeated_by"]] for name, item in METHODS.items()}
ATTESTED = {name for name, item in METHODS.items() if item["operator_attested"]}
SCENARIOS = yaml.safe_load((FACTS / "scenarios.yaml").read_text("utf-8"))
ATTACKS = {item["id"]: item for item in SCENARIOS["attacks"]}
HONEST = {item["id"]: item for item in SCENARIOS["legitimate"]}


def describe(situation, signals):
    """The circumstances that the claim and the signals make; directory data is two years old, the phone was used yesterday."""
    claim = situation.get("authenticator")
    old = {"mobile": TWO_YEARS, "manager": TWO_YEARS, "photo": TWO_YEARS, "post": TWO_YEARS}
    gone = frozenset({"phone"}) if claim in ("gone", "stolen") else frozenset()
    return Circumstances(frozenset(signals), gone, claim == "stolen", old, YESTERDAY if gone else None)


def tell_every_story(item):
    """The claim as given and every other an impostor might make, with the signals and stripped of them."""
    for claim in {item["situation"]["authenticator"], "gone", "stolen", "broken", "works"}:
        for signals in (item.get("signals", ()), ()):
            yield describe({"authenticator": claim}, signals)


@pytest.mark.parametrize("scenario", sorted(ATTACKS))
def test_an_attack_is_refused_in_every_world_with_every_part_of_what_it_can_bring(scenario):
    item = ATTACKS[scenario]
    everything = find_presentable(item["controls"], WAYS, ATTESTED)
    nothing_left = [piece for piece in everything if piece.method in OF_THE_DIRECTORY]
    for world in (everything, nothing_left):
        for circumstances in tell_every_story(item):
            for evidence in subsets(world):
                for action in ("replace_authenticator", "add_authenticator", "change_contact"):
                    decision = decide(evidence, circumstances, action, item["target"]["tier"], "normal", POLICY, NOW)
                    assert isinstance(decision, Refused), (action, [piece.method for piece in evidence])


@pytest.mark.parametrize("scenario", [name for name, item in HONEST.items() if item["situation"]["goal"] in CHANGES])
@pytest.mark.parametrize("stripped", [False, True], ids=["signals", "stripped"])
def test_an_honest_caller_is_served_in_time(scenario, stripped):
    item = HONEST[scenario]
    if item["situation"]["authenticator"] == "works":
        pytest.skip("the authenticator works, so nothing is changed by the desk")
    circumstances = describe(item["situation"], () if stripped else item["signals"])
    tier, minutes = item["caller"]["tier"], item["expected"]["target_minutes"]
    first = decide([], circumstances, "replace_authenticator", tier, "normal", POLICY, NOW, item["available"])
    assert isinstance(first, Refused)
    assert first.plans, "nobody may be left without a plan"
    plan = first.plans[0]
    assert plan.minutes + TALK_MIN <= minutes
    evidence = [proof(name, name in plan.second_attested) for name in plan.methods]
    assert isinstance(decide(evidence, circumstances, "replace_authenticator", tier, "normal", POLICY, NOW), Allowed)


@pytest.mark.parametrize("method", sorted(WAYS))
def test_policy_knows_every_way_that_the_facts_name_to_defeat_a_method(method):
    """Policy may know more ways; to know fewer would price what an attacker has at more than it costs."""
    ours = POLICY.methods[method]
    assert set(WAYS[method]) <= set(ours.defeated_by)
    assert ours.operator_attested == METHODS[method]["operator_attested"]
    assert ours.relayable == METHODS[method]["relayable"]
    assert ours.minutes == METHODS[method]["minutes"]


def test_all_methods_of_the_facts_stand_in_the_policy_with_their_role():
    listed = yaml.safe_load((FACTS / "verification-methods.yaml").read_text("utf-8"))["methods"]
    assert {item["id"]: item["role"] for item in listed} == {name: method.role for name, method in POLICY.methods.items()}


def test_the_play_would_notice_a_policy_that_lets_an_attack_through():
    weak = replace(
        POLICY,
        requirements={key: replace(value, minimum=30, resists=()) for key, value in POLICY.requirements.items()},
    )
    item = next(item for item in ATTACKS.values() if "sim_swap" in item["controls"])
    evidence = find_presentable(item["controls"], WAYS, ATTESTED)
    circumstances = describe({"authenticator": "broken"}, ())
    assert isinstance(decide(evidence, circumstances, "replace_authenticator", "sensitive", "normal", weak, NOW), Allowed)
