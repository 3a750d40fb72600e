"""`mfadesk runbook diff`, `export` and `import`: versions side by side, and CACAO 2.0 out and in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mfadesk.assurance.policy import load_policy
from mfadesk.cli.prove import read_runbook
from mfadesk.drawing.flow_map import draw_change
from mfadesk.kernel.errors import Invalid
from mfadesk.prover.change import Callers, Effect, find_effect
from mfadesk.prover.prove import prove
from mfadesk.runbook.cacao.export import Edition, export_playbook
from mfadesk.runbook.cacao.names import read_time
from mfadesk.runbook.cacao.reading import MAX_BYTES, Imported, import_playbook, read_playbook
from mfadesk.runbook.cacao.schema import find_complaints
from mfadesk.runbook.cacao.signing import sign_playbook
from mfadesk.runbook.compare import compare
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.shelf import load_shelf

MAX_KEY_BYTES = 20_000


def find_runbook(which: str) -> Runbook:
    """Return a runbook of the shelf by id, or the one in a file. Raises Invalid where it is neither."""
    shelf = load_shelf()
    if which in shelf:
        return shelf[which]
    path = Path(which)
    if not path.exists():
        raise Invalid(which, f"is neither a file nor on the shelf ({', '.join(shelf)})")
    return read_runbook(path)


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A runbook of the shelf, or a file.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The newer one.")],
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Draw both: the newer there, the older as …-before.")
    ] = None,
) -> None:
    """Say what differs between two runbooks, which rules either breaks, and what the change does to callers and attackers.

    Exit 1 when something differs.

    Example: mfadesk runbook diff device-replacement runbooks/phone.yaml
    """
    before, after = find_runbook(old), find_runbook(new)
    changes = compare(before, after)
    for field in changes.about:
        typer.echo(f"~ {field}")
    for step_id in changes.added:
        typer.echo(f"+ {step_id}: {after.steps[step_id].title}")
    for step_id in changes.removed:
        typer.echo(f"- {step_id}: {before.steps[step_id].title}")
    for step_id, fields in changes.changed:
        typer.echo(f"~ {step_id}: {', '.join(fields)}")
    policy = load_policy()
    broken = [{(one.rule, one.step, one.sentence) for one in prove(book, policy).findings} for book in (before, after)]
    for sign, findings in (("mended", broken[0] - broken[1]), ("broken", broken[1] - broken[0])):
        for rule, step, sentence in sorted(findings):
            typer.echo(f"{sign}: {step}: {sentence} [{rule}]")
    if not changes.none:
        for line in _effect(find_effect(before, after, policy)):
            typer.echo(line)
    if svg:
        removed, added = draw_change(before, after)
        _write(svg, added)
        _write(svg.with_stem(f"{svg.stem}-before"), removed)
    typer.echo(
        "Nothing differs." if changes.none else "The newer one is proved." if not broken[1] else "The newer one is not proved."
    )
    raise typer.Exit(0 if changes.none else 1)


def export(
    which: Annotated[str, typer.Argument(metavar="ID_OR_FILE", help="A runbook of the shelf, or a file.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there; standard output otherwise.")] = None,
    author: Annotated[str, typer.Option(help="Who publishes it; the playbook's identity is made from this name.")] = "mfadesk",
    created: Annotated[str, typer.Option(metavar="TIME", help="When its first version was made; now otherwise.")] = "",
    modified: Annotated[str, typer.Option(metavar="TIME", help="When this version was made; now otherwise.")] = "",
    sign: Annotated[Path | None, typer.Option(metavar="FILE", help="Sign it with this Ed25519 key (PEM, PKCS #8).")] = None,
) -> None:
    """Write a runbook as a CACAO 2.0 playbook that the official schemas accept.

    Example: mfadesk runbook export device-replacement --author "Fernhill Trust" --out device-replacement.json
    """
    now = datetime.now(UTC)
    changed = read_time(modified, "--modified") if modified else now
    edition = Edition(author, read_time(created, "--created") if created else changed, changed)
    if edition.created > edition.modified:
        raise Invalid("--created", "it lies after --modified, and no version is made before its first")
    playbook = export_playbook(find_runbook(which), edition)
    if sign:
        playbook = sign_playbook(playbook, _private_key(sign), author, now)
    complaints = find_complaints(playbook)
    if complaints:
        raise Invalid(which, f"the official schemas refuse the export: {complaints[0]}")
    text = json.dumps(playbook, ensure_ascii=False, indent=2) + "\n"
    if out:
        _write(out, text)
        lost = next(iter(playbook["playbook_extensions"].values()))["loss_report"]
        typer.echo(
            f"{out} holds {len(playbook['workflow'])} steps. A reader without our extension loses {len(lost)} things, listed in it."
        )
    else:
        typer.echo(text, nl=False)


def take_in(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A CACAO 2.0 playbook.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the draft there; standard output otherwise.")] = None,
    key: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A public key (PEM) whose signatures count.")] = None,
) -> None:
    """Draft a runbook from a CACAO 2.0 playbook, and say what was not taken over. The draft is proved, never published.

    Exit 0 where the draft is proved, 1 where it is not yet.

    Example: mfadesk runbook import playbook.json --out draft.yaml
    """
    trusted = [_public_key(file) for file in key or []]
    found = import_playbook(read_playbook(_read(path, MAX_BYTES), path.name), path.name, trusted=trusted, now=datetime.now(UTC))
    if out:
        _write(out, found.text)
    else:
        typer.echo(found.text, nl=False)
    for line in _report(found):
        typer.echo(line, err=out is None)
    findings = prove(found.runbook, load_policy()).findings
    for one in findings:
        typer.echo(f"to mend: {one.step}: {one.sentence} [{one.rule}]", err=out is None)
    raise typer.Exit(1 if findings else 0)


def _effect(effect: Effect) -> list[str]:
    """Return what a change does, a line each; nothing where it does nothing."""
    lines = []
    for words, group in (("helped", effect.helped), ("shut out", effect.shut_out), ("led elsewhere", effect.otherwise)):
        lines += [f"{words}: {_callers(one)}" for one in group]
    lines += [
        f"cheapest attack, {one.tier}: {_points(one.before)} → {_points(one.after)}"
        + (f" ({', '.join(one.by)})" if one.by else "")
        for one in effect.prices
        if one.before != one.after
    ]
    if not effect.complete:
        lines.append("There are more kinds of caller than were looked at.")
    return lines


def _callers(one: Callers) -> str:
    said = ", ".join(f"{name} = {value}" for name, value in one.answers.items()) or "everybody"
    more = f" and {one.count - 1} more" if one.count > 1 else ""
    return f"{said}{more}: {one.before} → {one.after}"


def _points(points: int | None) -> str:
    return "no way in" if points is None else f"{points} points"


def _report(found: Imported) -> list[str]:
    """Return what is to be said about an import, a line each."""
    lines = ["Taken over whole: it is an export of a desk like this one." if found.whole else
             f"Drafted: {len(found.runbook.steps)} steps. Read every one of them before you use it."]  # fmt: skip
    lines += [f"signature of {one.signee}: {one.state}: {one.sentence}" for one in found.signatures]
    lines += [f"not by the standard: {complaint}" for complaint in found.complaints]
    lines += [f"not taken over: {loss.where}: {loss.what}: {loss.why}" for loss in found.losses]
    return lines


def _private_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(_read(path, MAX_KEY_BYTES).encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Invalid(str(path), "holds no private key in PEM that opens without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid(str(path), "holds another kind of key; make one with: openssl genpkey -algorithm ed25519")
    return key


def _public_key(path: Path) -> bytes:
    try:
        key = serialization.load_pem_public_key(_read(path, MAX_KEY_BYTES).encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid(str(path), "holds no public key in PEM") from error
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path, limit: int) -> str:
    try:
        if path.stat().st_size > limit:
            raise Invalid(str(path), f"the file is larger than {limit} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Invalid(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Invalid(str(path), "is not UTF-8 text") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid(str(path), f"cannot be written: {error.strerror}") from error
