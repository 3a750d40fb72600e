"""Checks that need Django awake: database, staff, directory, provider, mail, policy, runbooks, processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from mfadesk.cli.findings import Finding, failed, passed, warned
from mfadesk.kernel.errors import Broken, Invalid, Refusal, Unavailable
from mfadesk.kernel.sealing import all_of
from mfadesk.ledger.note import VerifierKey, open_checkpoint
from mfadesk.store.home import Home
from mfadesk.store.seen import DIRECTORY, LEDGER, WHAT_TO_DO, open_seen

SEEN_LATELY = timedelta(seconds=60)


def database(home: Home) -> Iterable[Finding]:
    """It answers, its tables are up to date, and it can be written."""
    if connection.vendor == "sqlite" and not home.database_file.exists():
        # Looking would make an empty one.
        yield failed(
            "database",
            f"The embedded database {home.database_file.name} is not there.",
            "`mfadesk restore` brings it back from a backup; `mfadesk upgrade` would begin an empty one.",
        )
        return
    if connection.vendor == "sqlite" and os.statvfs(home.folder).f_flag & os.ST_RDONLY:
        yield _unwritable("its disk may only be read")
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            pragmas = _pragmas(cursor) if connection.vendor == "sqlite" else {}
    except DatabaseError as error:
        yield failed(
            "database", f"The database does not answer ({type(error).__name__}).", "Start it, and look at database_url."
        )
        return
    problem = _try_to_write() if connection.vendor == "sqlite" else None
    if problem is not None:
        yield problem
        return
    yield passed("database", f"The database answers ({connection.vendor}).")
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield failed(
            "migrations", f"{len(waiting)} migrations have not run.", "Stop the desk, back up, then `mfadesk upgrade`."
        )
    else:
        yield passed("migrations", "The tables are up to date.")
    if pragmas and (pragmas["journal_mode"] != "wal" or pragmas["synchronous"] != 2):
        yield failed("durability", f"The embedded database runs with {pragmas}.", "Remove whatever overrides its options.")
    elif pragmas:
        yield passed("durability", "The embedded database waits for the disk at every commit.")


def _try_to_write() -> Finding | None:
    """Return what keeps the embedded database from being written, or None. Nothing is changed: what was begun is taken back."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
    except DatabaseError as error:
        return None if "locked" in str(error) else _unwritable(str(error))
    return None


def _unwritable(why: str) -> Finding:
    return failed(
        "database_write",
        f"The embedded database cannot be written ({why}).",
        "Mount its disk for writing, and give the folder and desk.sqlite3 to the users of the desk (`mfadesk divide`).",
    )


def _pragmas(cursor: Any) -> dict[str, Any]:
    found = {}
    for name in ("journal_mode", "synchronous"):
        cursor.execute(f"PRAGMA {name}")
        found[name] = cursor.fetchone()[0]
    return found


def older_keys(home: Home) -> Iterable[Finding]:
    """Keys that were rotated and still open something."""
    from mfadesk.cli.rotate_keys import find_older

    older = find_older(home)
    free = sum(1 for one in older if not one.why)
    if older:
        since = min(one.replaced_at for one in older)
        yield warned(
            "older_keys",
            f"{len(older)} older keys still open what they sealed, the oldest replaced on {since:%d %B %Y}; nothing needs {free} of them.",
            "`mfadesk rotate-keys --retire` takes out those that nothing needs, and says what needs the others.",
        )
    else:
        yield passed("older_keys", "No older key is left in the key files that this user may read.")


def database_role(home: Home) -> Iterable[Finding]:
    """On PostgreSQL neither tier's role does the other's work, and nobody's but the owner's rewrites the record."""
    if connection.vendor != "postgresql":
        return
    web, executor = _may_read(home.web_keys), _may_read(home.executor_keys)
    sharing = "Give web and executor a role each: `mfadesk grants` prints the SQL. Set MFADESK_DATABASE_URL for each user."
    if _privileged("store_personrow", "UPDATE") or _privileged("store_eventrow", "DELETE"):
        level, owns = (warned, "This") if web and executor else (failed, "The web tier's" if web else "The executor's")
        yield level(
            "database_role", f"{owns} database role may rewrite the directory or the record, as their owner may.", sharing
        )
    elif _privileged("store_stafffact", "INSERT") and _privileged("django_session", "INSERT"):
        yield failed(
            "database_role", "One database role does the work of both, so it can do to the record what either can.", sharing
        )
    elif web and executor:
        yield warned(
            "database_role",
            "This user reads the keys of both, so its role says nothing of theirs.",
            "Run `mfadesk check` as each of them.",
        )
    elif (executor and _privileged("django_session", "INSERT")) or (web and _privileged("store_stafffact", "INSERT")):
        yield failed("database_role", "This tier signs in to the database with the other one's role.", sharing)
    else:
        yield passed("database_role", "This tier's database role does its own work, and only adds to the record.")


def _may_read(keys: Callable[[], object]) -> bool:
    try:
        keys()
    except PermissionError:
        return False
    return True


def _privileged(table: str, right: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
        return bool(cursor.fetchone()[0])


def ledger(home: Home) -> Iterable[Finding]:
    """The ledger has begun, and its newest checkpoint is signed by a key of this desk."""
    from mfadesk.store.models import Checkpoint, TreeHead

    head = TreeHead.objects.first()
    if head is None:
        yield failed("ledger", "The ledger has not begun.", "Run `mfadesk init`, or restore the database from its backup.")
    else:
        yield passed("ledger", f"The ledger holds {head.size} entries.")
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is not None:
        public = home.public_keys()
        try:
            open_checkpoint(newest.note, [VerifierKey(public.origin, key) for key in all_of(public.checkpoint_verify)])
        except (Refusal, Invalid):
            yield failed(
                "ledger_key",
                "The newest checkpoint is signed by a key that keys/public.json does not name.",
                "Another executor works on this database with keys of its own, or keys/ was replaced: stop all but one, and restore keys/.",
            )


def seen(home: Home) -> Iterable[Finding]:
    """The database was not put back behind the executor's back, and the executor can remember that for the next time."""
    from mfadesk.store.models import TreeHead

    if not os.access(home.key_file("executor"), os.R_OK):
        # Said by `keys`: this user is not the executor's.
        return
    try:
        place = open_seen(home).recall(LEDGER)
    except Broken as error:
        yield failed("seen", f"{error.sentence}.", "Find out what happened to keys/ first.")
        return
    head = TreeHead.objects.first()
    if place is not None and head is not None and head.size < place.size:
        yield failed("seen", f"The ledger holds {head.size} entries, and the executor has seen {place.size}.", f"{WHAT_TO_DO}.")
    elif home.key_file("executor").stat().st_uid == os.geteuid() and not os.access(home.folder / "keys", os.W_OK):
        yield warned(
            "seen",
            "The executor cannot write into keys/, so after a restart it would not notice that the database was put back.",
            "Let its user write there: ReadWritePaths of its unit, or a mount that is not read-only.",
        )
    else:
        yield passed("seen", "The ledger is as long as the executor has seen it, or longer.")


def staff(home: Home) -> Iterable[Finding]:
    """There are enough people with the right second step."""
    from allauth.mfa.models import Authenticator

    from mfadesk.store.models import StaffMember

    members = list(StaffMember.objects.filter(active=True))
    if connection.vendor == "postgresql" and not _privileged("mfa_authenticator", "SELECT"):
        yield warned(
            "staff", "This database role does not see how staff sign in.", "Run `mfadesk check` as the web tier's user too."
        )
        return
    with_factor = set(Authenticator.objects.values_list("user_id", flat=True))
    with_passkey = set(Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).values_list("user_id", flat=True))
    if not any("administrator" in member.roles for member in members):
        yield warned("administrator", "Nobody administers this desk yet.", "Open the link that `mfadesk init` printed.")
    if sum("administrator" in member.roles for member in members) == 1:
        yield warned(
            "second_administrator",
            "One administrator works here: nobody can confirm what they invite.",
            "`mfadesk staff invite NAME --role administrator`",
        )
    if sum("operator" in member.roles for member in members) < 2:
        yield warned(
            "operators",
            "Fewer than two operators work here, so methods that an operator attests have no second look.",
            "Invite another operator.",
        )
    bare = [member.desk for member in members if member.user_id not in with_factor]
    if bare:
        yield warned(
            "second_step",
            f"No second step yet: {', '.join(bare)}. They can reach its set-up page and nothing else.",
            "Ask them to add one.",
        )
    no_key = [member.desk for member in members if member.user_id not in with_passkey]
    if no_key:
        yield warned(
            "staff_passkeys",
            f"No passkey to sign in with: {', '.join(no_key)}. An app's code can be read out to somebody.",
            "Ask them to add a passkey.",
        )
    if members and not bare and not no_key:
        yield passed("staff", f"{len(members)} people work here, each with a passkey.")


def approvers(home: Home) -> Iterable[Finding]:
    """As many people can approve as policy may ask for, and one more, since whoever works on a case does not approve it."""
    from mfadesk.assurance.policy import load_policy
    from mfadesk.operations.approvers import APPROVING, find_approvers
    from mfadesk.store.models import StaffKey, StaffMember

    rules = load_policy(Path(home.config.policy) if home.config.policy else None)
    most = max((requirement.approvals for requirement in rules.requirements.values()), default=0)
    with_key = set(StaffKey.objects.values_list("staff_id", flat=True))
    able = {approver.person_id for approver in find_approvers() if approver.id in with_key}
    if len(able) <= most and most:
        yield warned(
            "approvers",
            f"Policy asks for up to {most} approvals, and {len(able)} people here can give one. It takes {most + 1}: whoever works on "
            "a case does not approve it.",
            "Give more people the role approver, a directory entry (`--person`) and a desk key.",
        )
    elif most:
        yield passed("approvers", f"{len(able)} people can approve; policy asks for at most {most}.")
    members = StaffMember.objects.filter(active=True, person_id=None)
    untied = [member.desk for member in members if APPROVING & set(member.roles)]
    if untied:
        yield warned(
            "untied_approvers",
            f"Tied to nobody in the directory: {', '.join(untied)}. They cannot approve, since nobody could tell whose case it is.",
            "Invite them again with `--person`.",
        )


def desk_keys(home: Home) -> Iterable[Finding]:
    """Whoever attests, approves or administers stands in the executor's register, and there are two administrators."""
    from mfadesk.cli.home import open_register
    from mfadesk.store.models import StaffMember

    try:
        members = open_register(home).read().members
    except Refusal:
        yield warned(
            "desk_keys", "Only the executor's user can read the register of desk keys.", "Run `mfadesk check` as that user too."
        )
        return
    without = [row.desk for row in StaffMember.objects.filter(active=True) if str(row.pk) not in members]
    if without:
        yield warned(
            "desk_keys",
            f"No desk key: {', '.join(without)}. They can neither attest nor approve nor invite.",
            "They paste their invitation under “Set up your desk key”, or `mfadesk staff rekey` gives a new one.",
        )
    elif members:
        yield passed("desk_keys", f"{len(members)} people have a desk key in the executor's register.")


def directory(home: Home) -> Iterable[Finding]:
    """People are there, and the ones who matter have a manager who can vouch."""
    from mfadesk.operations.import_directory import people_held
    from mfadesk.operations.people import find_voucher

    people = [person for person in people_held() if person.employment in ("active", "starts", "on_leave")]
    if not people:
        yield warned("directory", "The directory is empty.", "`mfadesk directory import FILE.csv`")
        return
    yield passed("directory", f"The directory knows {len(people)} people.")
    yield _sealed(home)
    without = [person.name for person in people if not person.break_glass and find_voucher(person) is None]
    if without:
        yield warned(
            "managers", f"People whom nobody can vouch for: {len(without)}.", "Give them a manager, or the manager a delegate."
        )
    one_way = sum(1 for person in people if sum(contact.notify for contact in person.contacts) < 2)
    if one_way:
        yield warned(
            "second_address",
            f"People with one notification address only: {one_way}.",
            "Import a second one, such as personal_mail.",
        )


def _sealed(home: Home) -> Finding:
    """Return whether everybody stands in the directory as an import wrote them."""
    from mfadesk.operations.directory_seal import require_not_put_back, require_whole

    try:
        key = home.executor_keys().receipt
    except PermissionError:
        return warned(
            "directory_seal",
            "Only the executor's user can check the directory's seals.",
            "Run `mfadesk check` as that user too.",
        )
    try:
        require_not_put_back(require_whole(key), open_seen(home).recall(DIRECTORY))
    except Broken as error:
        return failed(
            "directory_seal",
            f"The directory is not as it was imported: {error.sentence}.",
            "Find out who wrote there. Then `mfadesk directory import FILE.csv --mend`; the executor serves nobody who does not fit.",
        )
    return passed("directory_seal", "Everybody stands in the directory as they were imported.")


def provider(home: Home) -> Iterable[Finding]:
    """The provider answers, and what its credential may do."""
    from mfadesk.operations.desk import open_desk

    if not home.config.provider:
        yield failed("provider", "No identity provider is configured.", "Write a [provider] table into desk.toml.")
        return
    try:
        from mfadesk.executor.compose import open_executor

        executor = open_executor(open_desk(home, as_executor=True), keep=False)
    except PermissionError:
        yield warned("provider", "Only the executor's user can look at the provider.", "Run `mfadesk check` as that user too.")
        return
    except Invalid as error:
        yield failed("provider", f"A connector cannot be opened: {error}", "Change it in desk.toml.")
        return
    for name, service in (("provider", executor.provider), ("mail", executor.courier)):
        try:
            service.health()
        except Unavailable as error:
            yield failed(
                name,
                error.sentence,
                f"Look at [{'provider' if name == 'provider' else 'courier'}] in desk.toml and at the service.",
            )
        else:
            yield passed(name, f"The {'identity provider' if name == 'provider' else 'mail service'} answers.")
    try:
        able = executor.provider.capabilities()
    except Unavailable:
        # Said above: what does not answer cannot say what it can do.
        return
    if not able.suspends_without_gap:
        yield warned("suspend", f"{able.name} cannot suspend without leaving the password alone.", "Suspending is not offered.")
    if not able.binds_challenge:
        yield warned("challenge", f"{able.name} cannot bind a passkey to the case.", "An existing passkey counts less here.")
    if not executor.services:
        yield warned(
            "factors", "No factor services are configured.", "Only the provider's own methods and vouching are offered."
        )


def policy(home: Home) -> Iterable[Finding]:
    """The policy can be read."""
    from mfadesk.assurance.policy import load_policy

    try:
        load_policy(Path(home.config.policy) if home.config.policy else None)
    except Invalid as error:
        yield failed(
            "policy",
            f"The policy cannot be used: {error}.",
            "Correct that place, or take `policy` out of desk.toml for the one that ships. Nothing is granted until then.",
        )
        return
    yield passed("policy", "The policy can be read." if home.config.policy else "The shipped policy is in force.")


def runbooks(home: Home) -> Iterable[Finding]:
    """Every runbook on the shelf parses and is proved against the policy in force."""
    from mfadesk.assurance.policy import load_policy
    from mfadesk.prover.trust import find_trusted
    from mfadesk.runbook.shelf import load_shelf

    shelf = load_shelf()
    rules = load_policy(Path(home.config.policy) if home.config.policy else None)
    bad = find_trusted(shelf.values(), rules).refused
    if bad:
        yield failed(
            "runbooks",
            f"Not proved against this policy, so the desk does not use them: {', '.join(bad)}.",
            "`mfadesk prove` prints why.",
        )
    else:
        yield passed("runbooks", f"All {len(shelf)} runbooks are proved against this policy.")


def processes(home: Home) -> Iterable[Finding]:
    """Executor and worker were seen lately."""
    from mfadesk.store.models import Heartbeat

    beats = {beat.name: beat.at for beat in Heartbeat.objects.all()}
    for name in ("executor", "worker"):
        if name not in beats:
            yield warned(name, f"The {name} was never seen.", f"Start `mfadesk {name}`.")
        elif datetime.now(UTC) - beats[name] > SEEN_LATELY:
            yield warned(
                name, f"The {name} was last seen at {beats[name]:%H:%M} UTC on {beats[name]:%d %B}.", f"Start `mfadesk {name}`."
            )
        else:
            yield passed(name, f"The {name} is alive.")


def risks(home: Home) -> Iterable[Finding]:
    """What stands open by decision rather than by accident."""
    if settings.LOCAL and not home.config.demo:
        yield warned("address", "public_url is this machine only.", "Write the address that people will type, with https.")
    if len(settings.ALLOWED_HOSTS) == 1 and not settings.LOCAL:
        yield warned("one_host", "Console and portal share one host.", "Give the portal a host of its own where you can.")


CHECKS: tuple[Callable[[Home], Iterable[Finding]], ...] = (
    older_keys, database_role, ledger, seen, staff, desk_keys, approvers, directory, provider, policy, runbooks, processes, risks,
)  # fmt: skip
