"""`mfadesk prove`: prove runbooks against policy before anybody phones. Without a path, the shelf that ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mfadesk.assurance.model import Policy
from mfadesk.assurance.policy import load_policy
from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.prover.certificate import make_certificate
from mfadesk.prover.checker import check_certificate
from mfadesk.prover.model import Finding, Proof
from mfadesk.prover.prove import prove as prove_runbook
from mfadesk.runbook.fragments import fragments_in
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.parse import parse_runbook
from mfadesk.runbook.shelf import load_shelf
from mfadesk.runbook.walk import path_in_words
from mfadesk.runbook.yaml_tree import MAX_BYTES

app = typer.Typer(add_completion=False)


def read_runbook(path: Path) -> Runbook:
    """Return the runbook in a file, with the fragments in the folder `fragments` beside it.

    Raises Invalid for a file that is missing, too large, no text, or no runbook.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Invalid(str(path), f"the file is larger than {MAX_BYTES} bytes")
        return parse_runbook(path.read_text(encoding="utf-8"), path.name, fragments_in(path.parent / "fragments"))
    except OSError as error:
        raise Invalid(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Invalid(str(path), "is not UTF-8 text") from error


def read_runbooks(paths: list[Path]) -> tuple[Runbook, ...]:
    """Return the runbooks in files and folders (every .yaml in them), or the shelf where no path is given."""
    if not paths:
        return tuple(load_shelf().values())
    files = [file for path in paths for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]
    if not files:
        raise Invalid(str(paths[0]), "holds no .yaml file")
    return tuple(read_runbook(file) for file in files)


@app.command()
def prove(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]…", help="Runbooks or folders of them.")] = None,
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="Policy; the one that ships otherwise.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    certificate: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the certificates of what is proved.")] = None,
    check: Annotated[Path | None, typer.Option(metavar="FILE", help="Check certificates instead of proving.")] = None,
) -> None:
    """Prove runbooks over every path; exit 1 when one is not proved.

    Example: mfadesk prove runbooks/phone.yaml --certificate phone.json
    """
    terms = load_policy(policy)
    books = read_runbooks(paths or [])
    if check is not None:
        raise typer.Exit(_check(books, terms, check, as_json))
    proofs = [prove_runbook(book, terms) for book in books]
    if certificate is not None:
        proved = [book for book, proof in zip(books, proofs, strict=True) if proof.proved]
        document = {"certificates": {book.id: make_certificate(book, terms) for book in proved}}
        certificate.write_bytes(canonical_json(document) + b"\n")
    if as_json:
        typer.echo(json.dumps({"runbooks": [_as_json(proof) for proof in proofs]}, ensure_ascii=False))
    else:
        for book, proof in zip(books, proofs, strict=True):
            for line in _as_words(book, proof):
                typer.echo(line)
    raise typer.Exit(0 if all(proof.proved for proof in proofs) else 1)


def _check(books: tuple[Runbook, ...], policy: Policy, file: Path, as_json: bool) -> int:
    """Check the certificates in `file`, print what was found, and return the exit status."""
    try:
        document = json.loads(file.read_bytes())["certificates"]
        given: dict[str, Any] = {book.id: dict(document.get(book.id, {})) for book in books}
    except OSError as error:
        raise Invalid(str(file), f"cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Invalid(str(file), "holds no certificates; `mfadesk prove --certificate FILE` writes them") from error
    found = []
    for book in books:
        try:
            check_certificate(book, policy, given[book.id])
            found.append({"id": book.id, "digest": book.digest, "accepted": True, "sentence": ""})
        except Refusal as refusal:
            found.append({"id": book.id, "digest": book.digest, "accepted": False, "sentence": refusal.sentence})
    if as_json:
        typer.echo(json.dumps({"certificates": found}, ensure_ascii=False))
    else:
        for one in found:
            typer.echo(f"{one['id']}: {one['sentence'] or 'certificate accepted'}")
    return 0 if all(one["accepted"] for one in found) else 1


def _as_json(proof: Proof) -> dict[str, Any]:
    return {
        "id": proof.runbook,
        "digest": proof.digest,
        "proved": proof.proved,
        "findings": [_finding(finding) for finding in proof.findings],
        "states": proof.states,
        "seconds": round(proof.seconds, 4),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    hops = finding.path.hops if finding.path else ()
    walk = [{"step": hop.step, "edge": hop.edge, "assumed": hop.assumed} for hop in hops]
    end = [{"step": finding.path.end, "edge": None, "assumed": ""}] if finding.path else []
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "step": finding.step,
        "sentence": finding.sentence,
        "path": walk + end,
    }


def _as_words(book: Runbook, proof: Proof) -> list[str]:
    if proof.proved:
        return [f"{proof.runbook}: proved, {len(book.steps)} steps, {proof.states} situations, {proof.seconds:.3f} s"]
    lines = [f"{proof.runbook}: NOT proved"]
    for finding in proof.findings:
        lines.append(f"  {book.steps[finding.step].place}: {finding.step} ({finding.rule}): {finding.sentence}")
        lines += (
            [f"    {place}. {words}" for place, words in enumerate(path_in_words(book, finding.path), 1)]
            if finding.path
            else []
        )
    return lines
