"""What PostgreSQL itself refuses the web tier and the executor, whatever their processes were made to believe."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from mfadesk.executor import core
from mfadesk.kernel.errors import Invalid
from mfadesk.store.grants import GRANTS, statements
from tests.road.play import Play

ROLES = {"web": "t_desk_web", "executor": "t_desk_executor"}
FORBIDDEN = {
    "web": (
        "INSERT INTO store_staffkey (staff_id, credential_id, sign_count, registered_at, receipt)"
        " VALUES ('1', 'c', 0, now(), 'r')",
        "UPDATE store_staffkey SET credential_id = 'mine'",
        "DELETE FROM store_staffkey",
        "INSERT INTO store_stafffact (seq, kind, at, body, mac) VALUES (9, 'member', '', '{}', '')",
        "INSERT INTO store_apitoken (id, name, secret_hash, scopes, made_at, made_by, expires_at)"
        " VALUES ('00000000', 'x', '', '[]', now(), '', now())",
        "UPDATE store_apitoken SET scopes = '[\"evidence:read\"]'",
        "UPDATE store_eventrow SET body = '{}'",
        "DELETE FROM store_eventrow",
        "INSERT INTO store_treehead (id, size, frontier) VALUES (2, 0, '[]')",
        "DELETE FROM store_treehead",
        "INSERT INTO store_checkpoint (size, note, at) VALUES (9, 'n', now())",
        "UPDATE store_checkpoint SET note = 'mine'",
        "DELETE FROM store_checkpoint",
        "UPDATE store_snapshot SET data = '{}'",
        "DELETE FROM store_snapshot",
        "UPDATE store_effectrow SET state = 'due'",
        "DELETE FROM store_effectrow",
        "UPDATE store_requestrow SET answer = '{}'",
        "INSERT INTO store_challengerow (id, purpose, case_id, commits_to, expires_at, mac) VALUES ('i','p','c','t',now(),'m')",
        "DELETE FROM store_report",
        "UPDATE store_report SET kind = ''",
        "DELETE FROM store_alert",
        "UPDATE store_caserow SET subject_id = 'p_other'",
        "UPDATE store_personrow SET manager_id = 'p_other'",
        "INSERT INTO store_contactrow (person_id, kind, value, notify) VALUES ('p_hazel', 'mobile', '+1', true)",
        "UPDATE django_migrations SET name = 'x'",
        "CREATE TABLE store_mine (id integer)",
        "TRUNCATE store_throttle",
    ),
    "executor": (
        "UPDATE store_eventrow SET body = '{}'",
        "DELETE FROM store_eventrow",
        "UPDATE store_checkpoint SET note = 'mine'",
        "DELETE FROM store_report",
        "DELETE FROM store_alert",
        "DELETE FROM store_effectrow",
        "UPDATE store_stafffact SET body = '{}'",
        "DELETE FROM store_stafffact",
        "SELECT secret_hash FROM store_apitoken",
        "INSERT INTO store_staffmember (user_id, person_id, desk, roles, active) VALUES (1, null, 'x', '[]', true)",
        "UPDATE store_personrow SET manager_id = 'p_other'",
        "SELECT session_key FROM django_session",
        "SELECT data FROM mfa_authenticator",
        "UPDATE auth_user SET password = ''",
    ),
}


def run(*lines: str) -> None:
    with connection.cursor() as cursor:
        for line in lines:
            cursor.execute(line)


@pytest.fixture
def roles(throwaway):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles; `make test` runs this once more on PostgreSQL")
    run(*(f"CREATE ROLE {role}" for role in ROLES.values()), *statements(ROLES))
    yield throwaway
    run("RESET ROLE", *(f"DROP OWNED BY {role}" for role in ROLES.values()), *(f"DROP ROLE {role}" for role in ROLES.values()))


def test_every_table_is_named_so_that_a_new_one_is_thought_about(db):
    assert set(connection.introspection.table_names()) == set(GRANTS)


@pytest.mark.parametrize("names", [("desk web", "x"), ('x"; DROP TABLE y', "x"), ("same", "same")])
def test_a_role_with_a_strange_name_or_one_role_for_both_is_refused(names):
    with pytest.raises(Invalid):
        list(statements(dict(zip(("web", "executor"), names, strict=True))))


@pytest.mark.parametrize("tier", ["web", "executor"])
def test_the_server_refuses_each_tier_what_is_not_its_own(roles, tier):
    run(f"SET ROLE {ROLES[tier]}")
    for line in FORBIDDEN[tier]:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
            run(line)


def test_the_road_needs_no_more_than_the_two_roles_may_do(roles, monkeypatch):
    play = Play(roles)
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400))
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", "passkey", last_used_at=play.days_ago(1))
    step = core.Executor.step

    def step_as_executor(self):
        run(f"SET ROLE {ROLES['executor']}")
        try:
            return step(self)
        finally:
            run(f"SET ROLE {ROLES['web']}")

    monkeypatch.setattr(core.Executor, "step", step_as_executor)
    run(f"SET ROLE {ROLES['web']}")
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    browser.set_up_totp_and_test()
    play.pass_time(60)
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", "changed")
