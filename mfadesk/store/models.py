"""The tables. Personal data stands apart from the skeleton of a case, so that it can be erased; the ledger holds commitments."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class PersonRow(models.Model):
    """A person as the last directory import described them."""

    id = models.CharField(primary_key=True, max_length=40)
    login = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200)
    search = models.TextField()
    tier = models.CharField(max_length=20)
    job = models.CharField(max_length=200)
    site = models.CharField(max_length=200)
    employment = models.CharField(max_length=20)
    starts_on = models.DateField(null=True)
    manager_id = models.CharField(max_length=40, null=True)
    manager_since = models.DateTimeField(null=True)
    photo_since = models.DateTimeField(null=True)
    delegate_id = models.CharField(max_length=40, null=True)
    language = models.CharField(max_length=20, default="en")
    break_glass = models.BooleanField(default=False)
    vouches_as = models.CharField(max_length=20, blank=True, default="")
    gone = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [
            # Every look at somebody's vouchers asks who reports to the same manager and who vouches by their office.
            models.Index(fields=["manager_id"]),
            models.Index(fields=["vouches_as"]),
        ]


class ContactRow(models.Model):
    """One address or number of a person; `since` is null for a value that was there at the first import."""

    person = models.ForeignKey(PersonRow, on_delete=models.CASCADE, related_name="contacts")
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=320)
    since = models.DateTimeField(null=True)
    notify = models.BooleanField(default=True)


class PersonSeal(models.Model):
    """The executor's code over everything that the desk relies on of one person, in one edition of the directory."""

    person_id = models.CharField(primary_key=True, max_length=40)
    edition = models.IntegerField()
    mac = models.CharField(max_length=64)


class DirectoryHead(models.Model):
    """One edition of the directory: who is in it, under a code that covers the edition before. Only ever appended."""

    edition = models.IntegerField(primary_key=True)
    body = models.TextField()
    mac = models.CharField(max_length=64)


class StaffMember(models.Model):
    """Somebody who works at the desk. `person` ties them to the directory, so that nobody works on their own case."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_member")
    person_id = models.CharField(max_length=40, null=True)
    desk = models.CharField(max_length=80)
    roles = models.JSONField(default=list)
    active = models.BooleanField(default=True)


class StaffInvitation(models.Model):
    """A single-use invitation. Roles that approve or configure wait for a second administrator."""

    token_hash = models.CharField(max_length=64, unique=True)
    login = models.CharField(max_length=150)
    desk = models.CharField(max_length=80)
    person_id = models.CharField(max_length=40, null=True)
    roles = models.JSONField(default=list)
    invited_by = models.CharField(max_length=80)
    confirmed_by = models.CharField(max_length=80, blank=True)
    needs_second = models.BooleanField(default=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class StaffKey(models.Model):
    """The counter of a desk key. Which keys there are stands in `StaffFact`; a row here alone opens nothing."""

    staff_id = models.CharField(max_length=40)
    credential_id = models.CharField(max_length=400, unique=True)
    sign_count = models.BigIntegerField(default=0)
    registered_at = models.DateTimeField()
    receipt = models.CharField(max_length=64)


class StaffFact(models.Model):
    """One row of the executor's register of staff: only ever appended, each under a code that covers the one before."""

    seq = models.IntegerField(primary_key=True)
    kind = models.CharField(max_length=20)
    at = models.CharField(max_length=32)
    body = models.TextField()
    mac = models.CharField(max_length=64)


class RunbookText(models.Model):
    """A runbook's text under its digest. Whoever reads one compares: a row alone puts nothing in force."""

    digest = models.CharField(primary_key=True, max_length=64)
    text = models.TextField()
    at = models.DateTimeField()


class RunbookDraft(models.Model):
    """A text that authors are writing. It serves nobody; `revision` counts the saves, so that none goes over another unseen."""

    id = models.CharField(primary_key=True, max_length=40)
    title = models.CharField(max_length=200)
    text = models.TextField()
    revision = models.IntegerField(default=1)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()


class CaseRow(models.Model):
    """Where a case stands, for lists. The truth is the fold over its events; this row is written in the same commit."""

    id = models.CharField(primary_key=True, max_length=40)
    subject_id = models.CharField(max_length=40, null=True)
    seq = models.IntegerField()
    status = models.CharField(max_length=12)
    ending = models.CharField(max_length=80, blank=True)
    goal = models.CharField(max_length=40)
    step = models.CharField(max_length=80)
    owner = models.CharField(max_length=40)
    waiting_for = models.CharField(max_length=20)
    deadline_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["status", "deadline_at"]),
            models.Index(fields=["subject_id", "opened_at"]),
        ]


class EventRow(models.Model):
    """One event and its leaf. `leaf_index` is gapless over the whole desk, `seq` within a case."""

    leaf_index = models.BigIntegerField(primary_key=True)
    case_id = models.CharField(max_length=40)
    seq = models.IntegerField()
    kind = models.CharField(max_length=40)
    at = models.CharField(max_length=32)
    actor = models.CharField(max_length=80)
    body = models.TextField()
    fields = models.TextField()
    leaf = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case_id", "seq"], name="one_event_a_place")]


class TreeHead(models.Model):
    """The ledger's frontier: one row, locked by every commit, so that leaves have no gaps."""

    id = models.IntegerField(primary_key=True)
    size = models.BigIntegerField()
    frontier = models.TextField()


class Checkpoint(models.Model):
    """A signed checkpoint that the executor made."""

    size = models.BigIntegerField(primary_key=True)
    note = models.TextField()
    at = models.DateTimeField()


class EffectRow(models.Model):
    """Work that is due. An effect is an intent first: its event was committed with this row."""

    id = models.CharField(primary_key=True, max_length=40)
    case_id = models.CharField(max_length=40)
    verb = models.CharField(max_length=40)
    args = models.TextField()
    state = models.CharField(max_length=10)
    due_at = models.CharField(max_length=32)
    lease_until = models.CharField(max_length=32)
    fence = models.BigIntegerField(default=0)
    attempts = models.IntegerField(default=0)
    problem = models.TextField(default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="effects_due", condition=models.Q(state="due")),
            models.Index(fields=["lease_until"], name="effects_taken", condition=models.Q(state="taken")),
            models.Index(fields=["case_id"]),
        ]


class RequestRow(models.Model):
    """A sealed question from the web tier to the executor: 60 seconds of life, taken at most once, erased after."""

    id = models.CharField(primary_key=True, max_length=40)
    kind = models.CharField(max_length=40)
    case_id = models.CharField(max_length=40)
    box = models.BinaryField(null=True)
    state = models.CharField(max_length=10)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answer = models.TextField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at"], name="requests_new", condition=models.Q(state="new"))]


class ChallengeRow(models.Model):
    """A WebAuthn challenge that the executor made, and what it commits to. Taken once."""

    id = models.CharField(primary_key=True, max_length=80)
    purpose = models.CharField(max_length=40)
    case_id = models.CharField(max_length=40)
    commits_to = models.TextField()
    expires_at = models.DateTimeField()
    mac = models.CharField(max_length=64)


class Snapshot(models.Model):
    """What the executor saw at a provider or a factor service, and when. The newest of a source counts."""

    person_id = models.CharField(max_length=40)
    source = models.CharField(max_length=20)
    taken_at = models.DateTimeField()
    data = models.TextField()
    mac = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["person_id", "source", "-taken_at"])]


class ClaimantSession(models.Model):
    """The one browser that entered a case's code. The cookie is not stored, only its hash and the public key derived from it."""

    id = models.CharField(primary_key=True, max_length=40)
    case_id = models.CharField(max_length=40)
    secret_hash = models.CharField(max_length=64, unique=True)
    box_public = models.BinaryField()
    words = models.CharField(max_length=60)
    bound_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    cookie = ""
    """What this browser showed, while one request is served; never a column."""
    source = ""
    """Where the request came from; likewise only in memory."""


class Locator(models.Model):
    """A case code, a check-in link, a voucher's link or a "not me" link, as a keyed hash. It finds a case and proves nothing."""

    token_hash = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=12)
    case_id = models.CharField(max_length=40)
    about = models.TextField(default="{}")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    voided = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case_id", "kind"])]


class SealedSecret(models.Model):
    """A one-time secret, sealed to one claimant session, erased in minutes or once shown."""

    session_id = models.CharField(primary_key=True, max_length=40)
    box = models.BinaryField()
    expires_at = models.DateTimeField()


class CaseCode(models.Model):
    """The code in force of an open case, encrypted with the web key so that its operator can read it out again."""

    case_id = models.CharField(primary_key=True, max_length=40)
    box = models.BinaryField()
    expires_at = models.DateTimeField()


class Throttle(models.Model):
    """How often something was tried in one window, by whom."""

    key = models.CharField(primary_key=True, max_length=160)
    count = models.IntegerField()
    ends_at = models.DateTimeField()


class Alert(models.Model):
    """Something that security should hear. Rows are only ever inserted."""

    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    case_id = models.CharField(max_length=40, blank=True)
    person_id = models.CharField(max_length=40, blank=True)
    sentence = models.TextField()


class Report(models.Model):
    """A person said "that was not me". Rows are only ever inserted; the executor reads them before it acts."""

    at = models.DateTimeField()
    case_id = models.CharField(max_length=40)
    person_id = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=20)


ONE_EXECUTOR = "executor-"
"""Begins the heartbeat of each executor by itself, beside the one of whichever was alive last: so two are seen."""


class Heartbeat(models.Model):
    """When a process was last seen alive."""

    name = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()


class ApiToken(models.Model):
    """A bearer token of the JSON API, as the digest of its secret. What it may read stands in `scopes`; it can write nothing."""

    id = models.CharField(primary_key=True, max_length=8)
    name = models.CharField(max_length=80)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
