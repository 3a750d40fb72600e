"""What PostgreSQL itself refuses the web tier and the executor, whatever their processes were made to believe."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import ProgrammingError, connection, transaction

from mfadesk.cli import findings_desk
from mfadesk.executor import core
from mfadesk.kernel.errors import Invalid
from mfadesk.operations.deadlines import sweep
from mfadesk.site.session_store import SessionStore
from mfadesk.store.grants import GRANTS, statements
from mfadesk.store.models import Heartbeat
from tests.road.play import Play

ROLES = {"web": "t_desk_web", "executor": "t_desk_executor"}
FORBIDDEN = {
    "web": (
        "INSERT INTO store_staffkey (staff_id, credential_id, sign_count, registered_at, receipt)"
        " VALUES ('1', 'c', 0, now(), 'r')",
        "UPDATE store_staffkey SET credential_id = 'mine'",
        "DELETE FROM store_staffkey",
        "INSERT INTO store_stafffact (seq, kind, at, body, mac) VALUES (9, 'key', '', '{}', '')",
        "UPDATE store_stafffact SET body = '{}'",
        "DELETE FROM store_stafffact",
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
        "UPDATE store_personseal SET mac = ''",
        "INSERT INTO store_directoryhead (edition, body, mac) VALUES (9, '{}', '')",
        "DELETE FROM store_directoryhead",
        "INSERT INTO store_contactrow (person_id, kind, value, notify) VALUES ('p_hazel', 'mobile', '+1', true)",
        "UPDATE django_migrations SET name = 'x'",
        "CREATE TABLE store_mine (id integer)",
        "TRUNCATE store_throttle",
    ),
    "executor": (
        "UPDATE store_stafffact SET body = '{}'",
        "DELETE FROM store_stafffact",
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
        "UPDATE store_personseal SET mac = ''",
        "INSERT INTO store_directoryhead (edition, body, mac) VALUES (9, '{}', '')",
        "DELETE FROM store_directoryhead",
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
    roles.seal_directory()
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


def test_each_tier_may_say_that_it_is_alive_and_clear_what_is_over(roles):
    play = Play(roles)
    play.person("hazel")
    roles.seal_directory()
    run(f"SET ROLE {ROLES['executor']}")
    for _ in range(2):
        roles.executor._last_beat = roles.executor._last_checkpoint = roles.executor._last_directory = float("-inf")
        roles.executor._beat()
        play.clock.advance(400)
    run(f"SET ROLE {ROLES['web']}")
    sweep(play.desk)
    SessionStore.clear_expired()
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": play.clock.now()})


class Divided:
    """A desk's home as the user of one tier sees it; `both` is root's, or nobody's wall."""

    def __init__(self, tier: str) -> None:
        self.tier = tier

    def _read(self, name: str) -> None:
        if self.tier not in (name, "both"):
            raise PermissionError(name)

    def web_keys(self) -> None:
        self._read("web")

    def executor_keys(self) -> None:
        self._read("executor")


def role_finding(tier, role):
    run(f"SET ROLE {role}")
    try:
        return next(iter(findings_desk.database_role(Divided(tier))))
    finally:
        run("RESET ROLE")


@pytest.mark.parametrize("tier", ["web", "executor"])
def test_check_says_of_each_tier_whether_its_role_is_its_own(roles, tier):
    other = {"web": "executor", "executor": "web"}[tier]
    assert role_finding(tier, ROLES[tier]).level == "ok"
    assert role_finding("both", ROLES[tier]).level == "warn"
    wrong = role_finding(tier, ROLES[other])
    assert wrong.level == "fail" and "the other one's" in wrong.sentence
    run(f"GRANT {ROLES[other]} TO {ROLES[tier]}")
    shared = role_finding(tier, ROLES[tier])
    assert shared.level == "fail" and "the work of both" in shared.sentence
    run(f"REVOKE {ROLES[other]} FROM {ROLES[tier]}")
    run(f"GRANT UPDATE ON store_personrow TO {ROLES[tier]}")
    assert role_finding(tier, ROLES[tier]).level == "fail"


def test_check_as_the_executors_role_says_that_it_does_not_see_how_staff_sign_in(roles):
    run(f"SET ROLE {ROLES['executor']}")
    (found,) = findings_desk.staff(Divided("executor"))
    assert found.level == "warn" and "as the web tier's user" in found.what_to_do


def test_dividing_a_desk_whose_database_only_the_environment_names_closes_its_folder(tmp_path, monkeypatch):
    from mfadesk.kernel.ids import SystemRandomness
    from mfadesk.store import home as homes

    given = {}
    monkeypatch.setattr(homes.os, "chown", lambda path, uid, gid: given.update({Path(path).name: uid}))
    home = homes.create_home(tmp_path / "desk", homes.Config("Fernhollow", "http://localhost:8000"), SystemRandomness())
    (home.folder / "static" / "css").mkdir(parents=True)
    (home.folder / "static" / "css" / "desk.css").write_text("")
    monkeypatch.delenv("MFADESK_DATABASE_URL", raising=False)
    homes.divide_home(home, 1, 2, 3)
    assert home.folder.stat().st_mode & 0o7777 == homes.EMBEDDED_FOLDER_MODE
    monkeypatch.setenv("MFADESK_DATABASE_URL", "postgresql://desk@db.example/desk")
    homes.divide_home(home, 1, 2, 3)
    assert home.folder.stat().st_mode & 0o7777 == homes.FOLDER_MODE
    assert (given["static"], given["css"], given["desk.css"], given["desk"]) == (1, 1, 1, 2)
