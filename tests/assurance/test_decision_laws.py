"""Laws of a decision over random policies: nothing makes it easier for an attacker, and a plan is a promise kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mfadesk.assurance.circumstances import ALWAYS_HELD
from mfadesk.assurance.decision import assess, decide
from mfadesk.assurance.model import Allowed, Circumstances, CompromiseTerms, Evidence, Refused, Requirement
from mfadesk.assurance.policy import load_policy

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


@st.composite
def policies(draw):
    """A small policy of random methods and prices, with one requirement."""
    terms = {name: CompromiseTerms(name, draw(st.integers(1, 9)), name, "drawn") for name in NAMES}
    terms |= {name: CompromiseTerms(name, 0, name, "held") for name in ALWAYS_HELD}
    way = st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=2)
    methods = {}
    for i in range(draw(st.integers(1, 6))):
        methods[f"m{i}"] = replace(
            POLICY.methods["manager_portal"],
            id=f"m{i}",
            minutes=draw(st.integers(0, 30)),
            defeated_by=tuple(draw(st.lists(way, min_size=1, max_size=3))),
            leans_on=draw(st.sampled_from([(), ("mobile",), ("photo",)])),
            operator_attested=draw(st.booleans()),
            on_phone=draw(st.booleans()),
            phishing_resistant=draw(st.booleans()),
            relayable=draw(st.booleans()),
        )
    requirement = Requirement(
        "act",
        "standard",
        "normal",
        draw(st.integers(1, 20)),
        tuple(draw(st.sets(st.sampled_from(NAMES), max_size=3))),
        draw(st.integers(0, 6)),
        0,
        False,
        False,
        0,
        600,
    )
    return replace(
        POLICY, compromises=terms, methods=methods, requirements={("act", "standard", "normal"): requirement}, signals={}
    )


def pieces(policy):
    item = st.builds(proof, st.sampled_from(sorted(policy.methods)), st.booleans())
    return st.lists(item, max_size=5)


held_sets = st.frozensets(st.sampled_from([*NAMES, "hr_data_write:mobile", "hr_data_write:photo"]))
situations = st.builds(
    Circumstances,
    leaning_changed_at=st.dictionaries(st.sampled_from(["mobile", "photo"]), st.just(NOW - timedelta(days=2)), max_size=2),
    campaign=st.frozensets(st.sampled_from(NAMES), max_size=1),
    gone_used_at=st.sampled_from([None, NOW - timedelta(days=1), NOW - timedelta(days=30)]),
    survivors=st.lists(st.sampled_from(["m0", "m1"]), max_size=2, unique=True).map(tuple),
)


@given(st.data(), policies(), held_sets)
def test_more_evidence_never_lowers_the_cost(data, policy, held):
    evidence = data.draw(pieces(policy))
    fewer, more = (assess(part, held, policy, NAMES) for part in (evidence[:-1], evidence))
    assert fewer.attack.points <= more.attack.points
    assert all(fewer.resists[name].points <= more.resists[name].points for name in NAMES)


@given(st.data(), policies(), held_sets, st.sampled_from([*NAMES, "hr_data_write:mobile"]))
def test_what_is_held_never_raises_the_cost(data, policy, held, gained):
    evidence = data.draw(pieces(policy))
    assert assess(evidence, held | {gained}, policy).attack.points <= assess(evidence, held, policy).attack.points


@given(st.data(), policies(), held_sets)
def test_a_resist_is_that_compromise_held(data, policy, held):
    evidence = data.draw(pieces(policy))
    for name, left in assess(evidence, held, policy, NAMES).resists.items():
        assert left == assess(evidence, held | {name}, policy).attack


@given(st.data(), policies(), held_sets)
def test_the_order_of_evidence_does_not_matter(data, policy, held):
    evidence = data.draw(pieces(policy))
    shuffled = data.draw(st.permutations(evidence))
    assert assess(shuffled, held, policy, NAMES) == assess(evidence, held, policy, NAMES)


@given(st.data(), policies(), held_sets)
def test_two_methods_that_fall_to_the_same_are_worth_one(data, policy, held):
    evidence = data.draw(pieces(policy))
    twins = {f"{name}_twin": replace(method, id=f"{name}_twin") for name, method in policy.methods.items()}
    doubled = replace(policy, methods={**policy.methods, **twins})
    both = evidence + [replace(item, method=f"{item.method}_twin") for item in evidence]
    assert assess(both, held, doubled).attack == assess(evidence, held, policy).attack


@given(st.data(), policies(), situations)
@settings(max_examples=150)
def test_a_plan_once_carried_out_is_allowed_and_nothing_in_it_could_be_left_out(data, policy, circumstances):
    evidence = data.draw(pieces(policy))
    available = data.draw(st.sets(st.sampled_from(sorted(policy.methods))))
    decision = ask(evidence, circumstances, "act", available=available, policy=policy)
    if isinstance(decision, Allowed):
        return
    for plan in decision.plans:
        assert set(plan.methods) <= available

        def carry_out(names, plan=plan):
            done = [proof(name, name in plan.second_attested) for name in names]
            kept = [item for item in evidence if item.method not in names]
            return ask(kept + done, circumstances, "act", policy=policy)

        after = carry_out(plan.methods)
        assert isinstance(after, Allowed)
        assert after.assessment.attack.points == plan.points
    for first in decision.plans:
        assert not any(set(first.methods) < set(other.methods) for other in decision.plans)


@given(st.data(), policies(), situations)
def test_where_no_plan_is_named_even_three_of_everything_left_would_not_do(data, policy, circumstances):
    evidence = data.draw(pieces(policy))
    decision = ask(evidence, circumstances, "act", available=policy.methods, policy=policy)
    if isinstance(decision, Allowed) or decision.plans or len(policy.methods) > 3:
        return
    everything = [proof(name, True) for name in policy.methods]
    assert isinstance(ask(everything, circumstances, "act", policy=policy), Refused)
