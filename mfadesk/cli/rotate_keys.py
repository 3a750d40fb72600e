"""`mfadesk rotate-keys`: new keys while web, worker and executor run. Older ones go on opening until nothing needs them."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from mfadesk.cli.home import HomeOption, YesOption, agree, find_home, wake
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.store.home import Home
from mfadesk.store.key_files import add_key, drop_keys, older_keys, to_text, write_store

if TYPE_CHECKING:
    from mfadesk.operations.desk import Desk

app = typer.Typer()

WHAT = ("web", "executor", "signing", "links")
KEYS_OF: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "web": ("web", ("session", "at_rest")),
    "executor": ("executor", ("box_private", "receipt", "at_rest")),
    "signing": ("executor", ("checkpoint_sign",)),
    "links": ("web", ("locator",)),
}
"""By what is rotated: whose file holds the keys, and which. That of links stands in both files."""

SETTLE_S = 2.0
"""Whoever read a key just before it was replaced has used it by then."""

AN_HOUR = timedelta(hours=1)
KEEP_FOR: Mapping[str, timedelta] = {"session": timedelta(hours=10), "locator": timedelta(days=31)}
"""How long an older key may still be needed: a sign-in lasts nine hours, a "not me" link thirty days. Everything else an hour."""
UNTIL_CASES_END = ("receipt", "checkpoint_sign")
"""Proof and decisions of a case that was open stand under these, so they stay until it is closed."""


@dataclass(frozen=True, slots=True)
class Older:
    """An older key that is still in its ring. why: what still needs it; empty where nothing does."""

    holder: str
    name: str
    key: bytes
    replaced_at: datetime
    why: str


@app.command("rotate-keys")
def rotate_keys(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[WHAT]...", help="web, executor, signing, links. [default: all four]")
    ] = None,
    home: HomeOption = None,
    retire: Annotated[bool, typer.Option("--retire", help="Make no new keys; take out older ones that nothing needs.")] = False,
    leaked: Annotated[
        bool, typer.Option("--leaked", help="Older ones count for nothing from now on; what rests on them must be done again.")
    ] = False,
    wrap: Annotated[
        bool, typer.Option("--wrap", help="Make no new keys; wrap the key files as [wrapping] in desk.toml says now.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Put new keys in use while the desk works. Run it as root, or as the user who owns keys/, and back up keys/ after it.

    Example: mfadesk rotate-keys signing --home desk
    """
    chosen = tuple(what or WHAT)
    for name in chosen:
        if name not in WHAT:
            raise Invalid("WHAT", f"`{name}` is nothing that is rotated here. Name some of: {', '.join(WHAT)}.")
    if retire + leaked + wrap > 1:
        raise Invalid("--retire", "Use one of --retire, --leaked and --wrap.")
    desk_home = find_home(home)
    wake(desk_home)
    with only_one_rotation(desk_home):
        if wrap:
            _wrap(desk_home, yes)
        elif retire:
            _retire(desk_home, yes)
        else:
            _rotate(desk_home, chosen, leaked, yes)


def _rotate(home: Home, chosen: tuple[str, ...], leaked: bool, yes: bool) -> None:
    desk = _open(home)
    typer.echo(f"Makes new keys for: {', '.join(chosen)}. Web, worker and executor may go on running.")
    if leaked:
        typer.echo("Older ones count for nothing after it: codes and links that are out, sign-ins, and proof in open cases.")
    agree("Go on?", yes)
    for name in chosen:
        _ROTATE[name](desk)
        typer.echo(f"{name}: a new key is in use.")
    time.sleep(SETTLE_S)
    if "web" in chosen:
        typer.echo(f"{reseal(desk)} stored secrets are under the new key now.")
    if leaked:
        rings = {(holder, ring) for holder, names in map(KEYS_OF.__getitem__, chosen) for ring in names}
        _drop(desk, [one for one in find_older(home) if (one.holder, one.name) in rings])
        if "executor" in chosen:
            from mfadesk.executor.rekeying import forget_decoys

            forget_decoys(home)
        if "executor" in chosen:
            typer.echo(
                "Import the directory once more from its source: whoever had the older key could have sealed rows of their own."
            )
        typer.echo("The older ones count for nothing any more. End open cases that say they were stopped, and begin them anew.")
    else:
        typer.echo(
            "Older ones still open what they sealed. `mfadesk rotate-keys --retire` takes them out; `mfadesk check` reminds."
        )
    if "signing" in chosen:
        typer.echo("Give auditors the new verifier key beside the old one, apart from any record: `mfadesk ledger key`.")
    typer.echo("Back up keys/ now: what is sealed from here on opens with the new keys alone.")


def _retire(home: Home, yes: bool) -> None:
    from mfadesk.executor.rekeying import finish_signing

    desk = _open(home)
    typer.echo(f"{reseal(desk)} stored secrets were put under the key in use.")
    finish_signing(desk, desk.now())
    older = find_older(home)
    ready = [one for one in older if not one.why]
    for one in older:
        typer.echo(f"{one.name}, replaced {one.replaced_at:%d %B %Y, %H:%M} UTC: {one.why or 'nothing needs it'}")
    if not ready:
        typer.echo("There is no older key to take out." if not older else "All of them are still needed.")
        return
    agree(f"Take out {len(ready)} older keys?", yes)
    _drop(desk, ready)
    typer.echo(f"{len(ready)} older keys are out. Back up keys/, and destroy copies that hold the older ones.")


def _wrap(home: Home, yes: bool) -> None:
    holders = [holder for holder in ("web", "executor") if home.key_sources(holder)]
    if not holders:
        raise Invalid("wrapping", "desk.toml has no [wrapping] table. Name a key there first: docs/administrators/running.md.")
    agree(f"Wrap the key files of {' and '.join(holders)} as desk.toml says?", yes)
    for holder in holders:
        _write(home, holder, home.key_store(holder))
        typer.echo(f"keys/{holder}.json is wrapped now.")
    typer.echo("Destroy copies of these files that are in clear, or under another wrapping key.")


def find_older(home: Home) -> list[Older]:
    """Return the older keys in the files that this user may read, each with what still needs it. Django must be awake."""
    found = []
    for holder, names in (
        ("web", ("session", "at_rest", "locator")),
        ("executor", (*KEYS_OF["executor"][1], "checkpoint_sign")),
    ):
        try:
            stored = home.key_store(holder)
        except PermissionError:
            continue
        for name in names:
            for key, replaced_at in older_keys(stored, name):
                found.append(Older(holder, name, key, replaced_at, _need(name, replaced_at)))
    return found


def _need(name: str, replaced_at: datetime) -> str:
    from mfadesk.store.models import CaseRow

    if name in UNTIL_CASES_END:
        cases = CaseRow.objects.exclude(status="closed").filter(opened_at__lte=replaced_at).count()
        if cases:
            return f"{cases} open case{'s' if cases != 1 else ''} began under it"
    until = replaced_at + KEEP_FOR.get(name, AN_HOUR)
    return f"what it sealed may be in use until {until:%d %B, %H:%M} UTC" if datetime.now(UTC) < until else ""


def reseal(desk: Desk) -> int:
    """Put stored secrets of the web tier under its key in use; return how many were under an older one."""
    from mfadesk.operations.codes import reseal_codes
    from mfadesk.site.staff_sign_in import reseal_seeds

    return reseal_codes(desk) + reseal_seeds()


def _rotate_web(desk: Desk) -> None:
    stored = desk.home.key_store("web")
    for name in KEYS_OF["web"][1]:
        stored = add_key(stored, name, SystemRandomness().bytes(32), desk.now())
    _write(desk.home, "web", stored)


def _rotate_links(desk: Desk) -> None:
    """Both files hold this key, and are not replaced at one moment: so first both learn to find by it, and then use it."""
    home, now, fresh = desk.home, desk.now(), SystemRandomness().bytes(32)
    for holder in ("executor", "web"):
        known = home.key_store(holder)
        before = known["locator"]
        # As an "older" one the new key finds and does not issue.
        learnt = add_key({**known, "locator": to_text(fresh)}, "locator", fresh, now)
        _write(home, holder, {**learnt, "locator": before})
    for holder in ("executor", "web"):
        known = drop_keys(home.key_store(holder), "locator", [fresh])
        _write(home, holder, add_key(known, "locator", fresh, now))


def _rotate_executor(desk: Desk) -> None:
    from mfadesk.executor.rekeying import rotate_executor

    rotate_executor(desk.home, desk.now(), SystemRandomness())


def _rotate_signing(desk: Desk) -> None:
    from mfadesk.executor.rekeying import rotate_signing

    rotate_signing(desk, desk.now())


_ROTATE: Mapping[str, Callable[[Desk], None]] = {
    "web": _rotate_web, "executor": _rotate_executor, "signing": _rotate_signing, "links": _rotate_links,
}  # fmt: skip


def _drop(desk: Desk, older: list[Older]) -> None:
    from mfadesk.executor.rekeying import drop_executor_keys

    for name in sorted({one.name for one in older if one.holder == "executor"}):
        drop_executor_keys(desk, name, [one.key for one in older if (one.holder, one.name) == ("executor", name)])
    for name in sorted({one.name for one in older if one.holder == "web"}):
        gone = [one.key for one in older if (one.holder, one.name) == ("web", name)]
        for holder in ("web", "executor") if name == "locator" else ("web",):
            _write(desk.home, holder, drop_keys(desk.home.key_store(holder), name, gone))


def _write(home: Home, holder: str, stored: dict[str, object]) -> None:
    write_store(home.key_file(holder), stored, home.key_sources(holder))


def _open(home: Home) -> Desk:
    """Return the desk. Raises Refusal for a user who cannot read every key file or put another in its place."""
    from mfadesk.operations.desk import open_desk

    for holder in ("web", "executor"):
        if not os.access(home.key_file(holder), os.R_OK) or not os.access(home.folder / "keys", os.W_OK):
            raise Refusal("not_the_owner", "This user cannot replace the key files. Run it as root, or as who owns keys/.")
    return open_desk(home)


@contextmanager
def only_one_rotation(home: Home) -> Iterator[None]:
    """Hold a lock on the keys' folder. Raises Refusal where another rotation is at work."""
    folder = os.open(home.folder / "keys", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Refusal("rotation_at_work", "Another rotation is at work here. Wait until it has ended.") from error
    finally:
        os.close(folder)
