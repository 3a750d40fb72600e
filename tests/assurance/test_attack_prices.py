"""The matrix behind docs/decisions/attack-prices.md: who is refused at every tier, by what exception, and who is served."""

from itertools import combinations

import pytest
from attackers import NOW, find_presentable, proof

from mfadesk.assurance.circumstances import ALWAYS_HELD
from mfadesk.assurance.decision import decide
from mfadesk.assurance.model import Allowed, Circumstances, Refused
from mfadesk.assurance.policy import load_policy
from mfadesk.ports.people import TIERS

POLICY = load_policy()
FACTORS = {name: method for name, method in POLICY.methods.items() if method.role == "factor"}
ATTESTED = {name for name, method in FACTORS.items() if method.operator_attested}
BINDING = ("replace_authenticator", "add_authenticator", "change_contact")
# Directory data that never changed is the best case for an attacker who can write it, and for every other.
OLD = Circumstances(leaning_changed_at={})

SINGLES = sorted(POLICY.compromises.keys() - ALWAYS_HELD)

EXCEPTIONS = {
    # One compromise that is enough, the tiers where it is, and the honest caller who could not be served otherwise.
    ("endpoint_malware", "standard"): "a lost phone abroad with only the managed laptop left",
    ("lookalike_in_person", "standard"): "somebody without any device who stands at the desk of a site",
    ("key_theft", "standard"): "a security key is the best thing anybody holds",
    ("key_theft", "sensitive"): "the same",
    ("key_theft", "exec"): "a director travelling with nothing but the key",
    ("robbery", "standard"): "whoever robs somebody of everything has the key as well",
    ("robbery", "sensitive"): "the same",
    ("robbery", "exec"): "the same",
}

CHEAP = [
    # Sets that one crew, or one person in the right place, gathers together. Refused at every tier but where named below.
    ("parallel_vish", "sim_swap"),
    ("parallel_vish", "call_forward"),
    ("parallel_vish", "aitm_relay"),
    ("parallel_vish", "mfa_fatigue", "mailbox_takeover", "chat_takeover"),
    ("parallel_vish", "peer_takeover"),
    ("parallel_vish", "cloud_account_takeover"),
    ("parallel_vish", "insider_operator"),
    ("parallel_vish", "paper_theft", "sim_swap", "aitm_relay", "call_forward"),
    ("aitm_relay", "mailbox_takeover", "chat_takeover"),
    ("aitm_relay", "insider_operator"),
    ("aitm_relay", "cloud_account_takeover"),
    ("sim_swap", "call_forward", "deepfake_voice"),
    ("sim_swap", "deceived_voucher"),
    ("sim_swap", "manager_takeover"),
    ("sim_swap", "paper_theft"),
    ("sim_swap", "deepfake_video", "injection"),
    ("stolen_phone_unlocked", "stolen_phone_locked", "sim_swap"),
    ("stolen_phone_unlocked", "paper_theft"),
    ("stolen_phone_unlocked", "paper_theft", "mail_intercept"),
    ("stolen_phone_unlocked", "cloud_account_takeover"),
    ("stolen_phone_unlocked", "insider_operator"),
    ("cloud_account_takeover", "personal_mailbox_takeover"),
    ("cloud_account_takeover", "paper_theft"),
    ("cloud_account_takeover", "sim_swap"),
    ("paper_theft", "mail_intercept"),
    ("manager_takeover", "mailbox_takeover", "fake_manager"),
    ("manager_takeover", "deceived_voucher", "fake_manager", "deepfake_voice"),
    ("manager_takeover", "insider_operator"),
    ("manager_takeover", "peer_takeover"),
    ("deceived_voucher", "insider_operator"),
    ("deceived_voucher", "peer_takeover"),
    ("insider_manager", "fake_manager"),
    ("insider_manager", "insider_operator"),
    ("insider_manager", "peer_takeover"),
    ("hr_data_write", "sim_swap", "call_forward"),
    ("hr_data_write", "mail_intercept"),
    ("hr_data_write", "manager_takeover", "insider_manager"),
    ("hr_data_write", "deepfake_video", "injection"),
    ("hr_data_write", "insider_operator"),
    ("hr_data_write", "itsm_read", "chat_takeover"),
    ("deepfake_video", "injection", "deepfake_voice"),
    ("deepfake_video", "injection", "forged_document"),
    ("insider_operator", "itsm_read", "mailbox_takeover"),
    ("insider_operator", "insider_second_operator"),
    ("lookalike_in_person", "forged_document", "deepfake_voice"),
    ("endpoint_malware", "mailbox_takeover", "chat_takeover", "itsm_read"),
    ("endpoint_malware", "aitm_relay"),
    ("endpoint_malware", "insider_operator"),
    ("key_theft", "stolen_phone_locked"),
    ("key_theft", "aitm_relay"),
    ("key_theft", "stolen_phone_unlocked", "paper_theft", "sim_swap"),
    ("robbery", "parallel_vish", "sim_swap"),
]

CHEAP_EXCEPTIONS = {
    (("insider_operator", "insider_second_operator"), "standard"): "two operators at a site are the last road for everybody",
    (("insider_manager", "peer_takeover"), "standard"): "somebody whose bag is gone has only manager and colleagues",
}


def is_excused(controls, tier):
    return (controls, tier) in CHEAP_EXCEPTIONS or any((name, tier) in EXCEPTIONS for name in controls)


def present(controls):
    return find_presentable(controls, {name: method.defeated_by for name, method in FACTORS.items()}, ATTESTED)


def ask(evidence, tier, action="replace_authenticator", circumstances=OLD, threat="normal"):
    return decide(evidence, circumstances, action, tier, threat, POLICY, NOW)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", SINGLES)
def test_one_compromise_is_refused_unless_named_as_an_exception(name, tier):
    allowed = [action for action in BINDING if isinstance(ask(present([name]), tier, action), Allowed)]
    assert bool(allowed) == ((name, tier) in EXCEPTIONS)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("controls", CHEAP, ids="+".join)
def test_cheap_combinations_are_refused_unless_named_as_an_exception(controls, tier):
    evidence = present(controls)
    for action in BINDING:
        assert isinstance(ask(evidence, tier, action), Allowed) == is_excused(controls, tier)


@pytest.mark.parametrize("tier", TIERS)
def test_what_is_refused_at_a_tier_is_refused_at_every_tier_above(tier):
    above = TIERS[TIERS.index(tier) :]
    for size in (1, 2):
        for methods in combinations(FACTORS, size):
            evidence = [proof(name, name in ATTESTED) for name in methods]
            if isinstance(ask(evidence, tier), Refused):
                assert all(isinstance(ask(evidence, higher), Refused) for higher in above)


@pytest.mark.parametrize("tier", TIERS)
def test_one_operators_word_never_decides_at_any_tier(tier):
    """Rule R37: machine evidence or a second operator."""
    assert isinstance(ask([proof(name) for name in ATTESTED], tier), Refused)


@pytest.mark.parametrize("tier", TIERS)
def test_what_can_be_read_out_over_a_telephone_never_decides_at_any_tier(tier):
    """Rule R35: before something is bound, at least one proof cannot be read aloud."""
    assert isinstance(
        ask([proof(name, name in ATTESTED) for name, method in FACTORS.items() if method.relayable], tier), Refused
    )


@pytest.mark.parametrize("tier", TIERS)
def test_what_leans_on_the_directory_never_decides_at_any_tier_however_old_it_is(tier):
    """Rule R36 and more: whoever could write the directory two years ago still holds number, manager and photo."""
    assert isinstance(
        ask([proof(name, name in ATTESTED) for name, method in FACTORS.items() if method.leans_on], tier), Refused
    )


STANDARD = [
    "managed_device_signin", "fido2_existing", "in_person_badge", "spare_key_pickup",
    "push_code_transfer+manager_portal", "totp_existing+manager_portal", "saved_recovery_code+manager_portal",
    "passkey_synced_existing+manager_portal", "idv_gov_id+manager_portal", "idv_gov_id+callback_on_file",
    "idv_gov_id+saved_recovery_code", "peer_vouch+manager_portal", "peer_vouch+idv_gov_id", "peer_vouch+hr_attest",
    "hr_attest+saved_recovery_code", "hr_attest+push_code_transfer", "video_photo_on_file+push_code_transfer",
    "video_photo_on_file+saved_recovery_code", "passkey_synced_existing+idv_gov_id", "peer_vouch+passkey_synced_existing",
]  # fmt: skip
SENSITIVE = [
    "fido2_existing", "managed_device_signin+callback_on_file", "managed_device_signin+manager_portal",
    "managed_device_signin+push_code_transfer", "managed_device_signin+peer_vouch", "managed_device_signin+hr_attest",
    "managed_device_signin+passkey_synced_existing", "managed_device_signin+saved_recovery_code",
    "push_code_transfer+manager_portal",
    "passkey_synced_existing+manager_portal", "idv_gov_id+manager_portal", "idv_gov_id+callback_on_file",
    "idv_gov_id+saved_recovery_code", "in_person_badge+manager_portal", "in_person_badge+saved_recovery_code",
    "saved_recovery_code+manager_portal", "spare_key_pickup+manager_portal", "peer_vouch+idv_gov_id",
]  # fmt: skip
EXEC = [
    "fido2_existing", "managed_device_signin+manager_portal", "managed_device_signin+peer_vouch",
    "managed_device_signin+idv_gov_id", "idv_gov_id+manager_portal", "in_person_badge+manager_portal",
    "spare_key_pickup+manager_portal", "in_person_badge+managed_device_signin", "peer_vouch+idv_gov_id",
]  # fmt: skip
PRIVILEGED = [
    "fido2_existing+managed_device_signin", "fido2_existing+manager_portal", "fido2_existing+in_person_badge",
    "managed_device_signin+manager_portal", "managed_device_signin+idv_gov_id", "managed_device_signin+peer_vouch",
    "in_person_badge+manager_portal", "spare_key_pickup+manager_portal", "spare_key_pickup+managed_device_signin",
]  # fmt: skip
TIER0 = [
    "fido2_existing+managed_device_signin", "fido2_existing+manager_portal", "fido2_existing+in_person_badge",
    "managed_device_signin+in_person_badge+manager_portal", "spare_key_pickup+managed_device_signin+manager_portal",
]  # fmt: skip
HONEST = [
    (tier, methods)
    for tier, sets in zip(TIERS, (STANDARD, SENSITIVE, EXEC, PRIVILEGED, TIER0), strict=True)
    for methods in sets
]


@pytest.mark.parametrize(("tier", "methods"), HONEST, ids=[f"{tier}:{methods}" for tier, methods in HONEST])
def test_an_honest_caller_with_sound_proofs_is_served(tier, methods):
    evidence = [proof(name, name in ATTESTED) for name in methods.split("+")]
    for action in BINDING:
        assert isinstance(ask(evidence, tier, action), Allowed)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", sorted(FACTORS))
def test_anybody_with_one_proof_can_suspend_what_is_lost(name, tier):
    lost = Circumstances(leaning_changed_at={}, gone=frozenset({"key"}))
    assert isinstance(ask([proof(name)], tier, "suspend_authenticator", lost), Allowed)


@pytest.mark.parametrize("tier", TIERS)
def test_nobody_suspends_with_what_an_impostor_has_before_the_call(tier):
    tricks = ["mfa_fatigue", "deepfake_voice", "fake_manager", "itsm_read", "mailbox_takeover", "chat_takeover"]
    assert isinstance(ask(present(tricks), tier, "suspend_authenticator"), Refused)
