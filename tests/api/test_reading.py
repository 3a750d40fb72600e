"""What is read is what the desk holds: whole, in pages, proved, and without anybody's name."""

from __future__ import annotations

import base64
import json

from mfadesk.kernel.canonical import canonical_json
from mfadesk.ledger.merkle import hash_leaf, verify_consistency, verify_inclusion
from mfadesk.ledger.note import VerifierKey, open_checkpoint
from mfadesk.operations.record import make_checkpoint
from mfadesk.store.models import Alert, CaseRow, Checkpoint, EventRow
from tests.api.test_authorization import is_problem


def test_a_case_is_told_without_a_name_a_code_or_a_receipt(ask, replaced):
    case, hazel = replaced
    told = [ask("/cases"), ask(f"/cases/{case}"), ask(f"/cases/{case}/evidence")]
    assert [answer.status_code for answer in told] == [200, 200, 200]
    text = b"".join(answer.content for answer in told).decode()
    receipts = {json.loads(row.body)["receipt"] for row in EventRow.objects.filter(kind="evidence_recorded")}
    assert receipts
    for secret in [hazel.name, hazel.name.lower(), "@", "staff:", *receipts]:
        assert secret.casefold() not in text.casefold().replace(f'"{hazel.id}"', ""), secret


def test_a_replaced_phone_is_told_as_it_went(ask, replaced):
    case, hazel = replaced
    record = ask(f"/cases/{case}").json()
    assert (record["person"], record["status"], record["outcome"]) == (hazel.id, "closed", "changed")
    assert record["ticket"].startswith("Move to a new phone") or case in record["ticket"]
    assert record["events"] == EventRow.objects.filter(case_id=case).count()
    evidence = ask(f"/cases/{case}/evidence").json()
    assert [proof["method"] for proof in evidence["proved"]] == ["fido2_existing"]
    assert evidence["proved"][0]["established_by"] == "claimant"
    assert any(verdict["allowed"] and verdict["points"] >= verdict["needed"] for verdict in evidence["decided"])
    assert {"suspend_old", "remove_old"} <= {effect["verb"] for effect in evidence["done"] if effect["state"] == "done"}
    assert "Closed. Done. The change that was asked for is made." in [line["text"] for line in evidence["timeline"]]


def test_pages_hold_every_case_once_and_what_changes_later_comes_behind(ask, play):
    cases = []
    for name in ("hazel", "rowan", "linden", "maple", "alder"):
        cases.append(play.open(play.person(name)))
        play.clock.advance(60)
    seen, after, more = [], "", True
    while more:
        page = ask(f"/cases?limit=2{after}").json()
        assert len(page["cases"]) <= 2
        seen += [case["id"] for case in page["cases"]]
        more, after = page["more"], f"&after={page['next']}"
    assert seen == cases
    play.clock.advance(600)
    page = ask(f"/cases?limit=200{after}").json()
    play.answer(cases[0], authenticator="gone", new_device="at_hand", restored="name_only")
    later = ask(f"/cases?after={page['next']}").json()
    assert [case["id"] for case in later["cases"]][-1] == cases[0] and not later["more"]


def test_a_case_that_was_being_written_while_another_was_read_is_not_missed(ask, play):
    late = play.open(play.person("hazel"))
    CaseRow.objects.update(changed_at=play.clock.now())
    play.clock.advance(5)
    play.open(play.person("rowan"))
    held_back = CaseRow.objects.get(pk=late)
    held_back.delete()
    page = ask("/cases").json()
    assert late not in {case["id"] for case in page["cases"]}
    held_back.id = late
    held_back.save(force_insert=True)
    assert late in {case["id"] for case in ask(f"/cases?after={page['next']}").json()["cases"]}


def test_cases_are_found_by_status_and_by_the_directorys_id(ask, play, replaced):
    case, hazel = replaced
    other = play.open(play.person("rowan"))
    ids = lambda query: [one["id"] for one in ask(f"/cases?{query}").json()["cases"]]  # noqa: E731
    assert ids("status=closed") == [case] and ids("status=open") == [other] and ids("status=frozen") == []
    assert ids(f"person={hazel.id}") == [case] and ids("person=p_nobody") == []


def test_a_page_out_of_bounds_is_refused_with_the_place(ask):
    queries = [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1e9",
        "status=done",
        "after=",
        "after=x",
        "person=%00",
    ]
    queries += ["after=2026-11-24T09:00:00.000000Z~x", "after=2026-99-24T09:00:00.000000Z~case_0", "person=" + "x" * 41]
    for query in queries:
        body = is_problem(ask(f"/cases?{query}"), 422)
        assert body["errors"][0]["where"] == query.split("=")[0], query


def test_what_is_not_there_is_a_404(ask):
    for path in ["/cases/case_0", "/cases/case_0/evidence", "/runbooks/no-such", "/ledger/entries/999999"]:
        is_problem(ask(path), 404)


def test_runbooks_are_told_with_their_proof(ask, play):
    books = ask("/runbooks").json()
    assert {book["id"] for book in books} == {book.id for book in play.desk.runbooks.values()}
    assert all(book["proved"] for book in books)
    told = ask("/runbooks/device-replacement").json()
    assert told["findings"] == [] and told["situations"] > 100
    names = {step["id"] for step in told["steps"]}
    assert told["start"] in names and all(edge["to"] in names for step in told["steps"] for edge in step["edges"])
    assert ask("/policy").json() == {"digest": play.desk.policy.digest, "threat": "normal"}


def test_proofs_lead_to_signed_roots_and_a_watcher_can_check_them_alone(ask, play, replaced):
    public = play.desk.public
    key = VerifierKey(public.origin, public.checkpoint_verify)
    make_checkpoint(play.desk)
    first = ask("/ledger/checkpoint").json()
    play.open(play.person("rowan"))
    make_checkpoint(play.desk)
    second = ask("/ledger/checkpoint").json()
    assert first["key"] == key.text() and second["size"] > first["size"]
    old, new = open_checkpoint(first["note"], (key,)), open_checkpoint(second["note"], (key,))
    grown = ask(f"/ledger/consistency?first={first['size']}").json()
    path = [bytes.fromhex(step) for step in grown["path"]]
    assert verify_consistency(old.size, old.root, new.size, new.root, path) == new.root
    for index in (0, 5, first["size"] - 1):
        for size, root in ((first["size"], old.root), (second["size"], new.root)):
            proof = ask(f"/ledger/entries/{index}/inclusion?size={size}").json()
            leaf = ask(f"/ledger/entries/{index}").json()["leaf"]
            assert proof["leaf_hash"] == hash_leaf(canonical_json(leaf)).hex()
            steps = [bytes.fromhex(step) for step in proof["path"]]
            assert verify_inclusion(bytes.fromhex(proof["leaf_hash"]), index, size, steps, root) == root


def test_only_signed_sizes_are_proved_and_only_in_one_direction(ask, play, replaced):
    make_checkpoint(play.desk)
    size = ask("/ledger/checkpoint").json()["size"]
    unsigned = next(n for n in range(1, size) if not Checkpoint.objects.filter(pk=n).exists())
    smaller = Checkpoint.objects.order_by("size").first().size
    is_problem(ask(f"/ledger/consistency?first={unsigned}"), 404)
    is_problem(ask(f"/ledger/entries/0/inclusion?size={unsigned}"), 404)
    is_problem(ask(f"/ledger/entries/{size}/inclusion"), 422)
    if smaller < size:
        is_problem(ask(f"/ledger/consistency?first={size}&second={smaller}"), 422)


def test_a_ledger_that_was_changed_below_its_signature_gives_no_proof(ask, play, replaced):
    make_checkpoint(play.desk)
    row = EventRow.objects.get(pk=3)
    row.leaf = bytes(row.leaf).replace(b"executor", b"exhausted") + b" "
    row.save()
    from mfadesk.operations import ledger_view

    ledger_view._tree.cache_clear()
    is_problem(ask("/ledger/entries/0/inclusion"), 500)
    is_problem(ask("/ledger/entries/3"), 500)


def test_an_entry_shows_commitments_and_never_what_they_hide(ask, play):
    from mfadesk.operations.open_case import open_case

    open_case(play.desk, play.operator, None, said_name="Hazel Marlowe", goal="replace_device")
    row = EventRow.objects.exclude(fields="[]").first()
    told = ask(f"/ledger/entries/{row.leaf_index}").json()
    assert [field["name"] for field in told["fields"]] == ["said_name"]
    salt = json.loads(row.fields)[0]["salt"]
    assert "Hazel" not in json.dumps(told) and salt not in json.dumps(told)
    assert base64.b16decode(told["fields"][0]["commitment"].upper())


def test_alerts_are_followed_from_number_to_number(ask, play):
    for n in range(3):
        Alert.objects.create(at=play.clock.now(), kind="pressure", sentence=f"An operator is being pushed, {n}.")
    # The first alert says that this very token was made.
    page = ask("/alerts?limit=2").json()
    assert [alert["kind"] for alert in page["alerts"]] == ["api_token_made", "pressure"]
    rest = ask(f"/alerts?after={page['last']}").json()
    assert len(rest["alerts"]) == 2
    assert ask(f"/alerts?after={rest['last']}").json() == {"alerts": [], "last": rest["last"]}


def test_health_tells_a_desk_that_runs_from_one_that_does_not(ask, play, replaced):
    from mfadesk.store.models import EffectRow, Heartbeat

    assert ask("/health").json()["well"] is False
    beat = Heartbeat.objects.create(name="executor", at=play.clock.now())
    told = ask("/health").json()
    assert told["well"] is True and told["ledger_entries"] == EventRow.objects.count() and told["open_cases"] == 0
    effect = EffectRow.objects.first()
    EffectRow.objects.filter(pk=effect.pk).update(state="parked")
    assert ask("/health").json()["effects_stuck"] == 1
    EffectRow.objects.filter(pk=effect.pk).update(state="done")
    Heartbeat.objects.filter(pk=beat.pk).update(at=play.days_ago(1))
    assert ask("/health").json()["well"] is False
