"""What a change does to callers and to attackers, and how the map shows it."""

from __future__ import annotations

from dataclasses import replace

from mfadesk.assurance.policy import load_policy
from mfadesk.drawing.flow_map import draw_change
from mfadesk.prover.change import find_effect
from mfadesk.prover.plain.populations import find_sufficient
from mfadesk.prover.prove import prove
from mfadesk.runbook.model import Edge
from mfadesk.runbook.shelf import load_shelf

POLICY = load_policy()
SHELF = load_shelf()


def change(name, step_id, **fields):
    book = SHELF[name]
    return replace(book, steps={**book.steps, step_id: replace(book.steps[step_id], **fields)})


def to(step_id):
    return (Edge(step_id, None, ""),)


def test_nothing_changes_nothing():
    for book in SHELF.values():
        effect = find_effect(book, book, POLICY)
        assert effect.complete
        assert not (effect.helped or effect.shut_out or effect.otherwise)
        assert all(price.before == price.after for price in effect.prices)


def test_whom_a_new_refusal_shuts_out_is_said_with_an_example():
    old = SHELF["password-only"]
    steps = {**old.steps, "no": replace(old.steps["elsewhere"], id="no", title="Not here", outcome="refused")}
    new = replace(
        old, steps=steps | {"own-page": replace(old.steps["own-page"], edges=(old.steps["own-page"].edges[0], *to("no")))}
    )
    shut_out = find_effect(old, new, POLICY).shut_out
    assert [(one.answers, one.before, one.after, one.count) for one in shut_out] == [
        ({"own_reset": "fails"}, "The account team goes on", "Not here", 2)
    ]
    helped = find_effect(new, old, POLICY).helped
    assert [(one.before, one.after) for one in helped] == [("Not here", "The account team goes on")]


def test_who_is_led_to_another_good_end_is_neither_helped_nor_shut_out():
    new = change("switch-off", "what-is-wrong", edges=to("keep"))
    effect = find_effect(SHELF["switch-off"], new, POLICY)
    assert {(one.before, one.after) for one in effect.otherwise} == {("Repair or replace it", "It stays")}
    assert {one.before for one in effect.helped} == {"Not on this call"}


def test_the_cheapest_attack_is_the_price_of_the_cheapest_set_that_suffices():
    book = SHELF["device-replacement"]
    for price in find_effect(book, book, POLICY).prices:
        requirement = POLICY.requirements["replace_authenticator", price.tier, "normal"]
        assert price.after == min(one.points for one in find_sufficient(POLICY, requirement)) >= requirement.minimum
        assert price.by


def test_a_change_that_asks_for_less_makes_an_attack_cheaper_and_one_that_asks_nothing_makes_it_free():
    old = SHELF["device-replacement"]
    steps = dict(old.steps)
    for step_id in ("replace", "replace-decide"):
        steps[step_id] = replace(steps[step_id], action="suspend_authenticator")
    cheaper = find_effect(old, replace(old, steps=steps), POLICY).prices
    assert all(price.after < price.before for price in cheaper)
    free = change("device-replacement", "restored", edges=to("replace-set-up"))
    assert {price.after for price in find_effect(old, free, POLICY).prices} == {0}
    assert not prove(free, POLICY).proved


def test_a_runbook_in_a_circle_is_walked_to_no_end_and_serves_nobody():
    circle = change("password-only", "own-page", kind="instruct", variable=None, answers=(), edges=to("own-page"))
    effect = find_effect(SHELF["password-only"], circle, POLICY)
    assert sum(one.count for one in effect.shut_out) == 3


def test_the_maps_of_a_change_carry_a_word_at_each_step_that_it_is_about():
    old = SHELF["switch-off"]
    steps = {name: step for name, step in old.steps.items() if name != "alarm"}
    steps["tell"] = replace(old.steps["alarm"], id="tell")
    steps["what-is-wrong"] = replace(
        old.steps["what-is-wrong"], edges=tuple(replace(e, to="tell") if e.to == "alarm" else e for e in old.steps["what-is-wrong"].edges)
    )  # fmt: skip
    before, after = draw_change(old, replace(old, steps=steps))
    assert before.split("</style>")[1].count("map-mark-words") == before.count(">removed<") == 1
    assert (after.count(">added<"), after.count(">changed<")) == (1, 1)
    assert "is-removed" in before and "is-added" in after
    same = draw_change(old, old)
    assert "map-mark" not in same[0].split("</style>")[1]
