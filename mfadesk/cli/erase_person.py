"""`mfadesk erase-person`: forgets somebody, after saying what that takes away. The ledger verifies as before."""

from __future__ import annotations

from typing import Annotated

import typer

from mfadesk.cli.home import HomeOption, YesOption, agree, executor_key, find_home, wake

app = typer.Typer()


@app.command()
def erase_person(
    person: Annotated[str, typer.Argument(metavar="LOGIN", help="Whose traces go: a login or a directory id.")],
    home: HomeOption = None,
    yes: YesOption = False,
) -> None:
    """Forget a person: their name, addresses and numbers leave the record, the directory and the snapshots, for good.

    That somebody was served, when and how stays, under an id. Backups made before still hold it: they go when their time is up. The
    next directory import brings the person back if the directory still lists them. Run it as the user who runs the executor, or root:
    the directory is sealed anew without them.

    Example: mfadesk erase-person hazel --home desk
    """
    desk_home = find_home(home)
    wake(desk_home)
    key = executor_key(desk_home)
    from mfadesk.operations.desk import current_desk
    from mfadesk.operations.erasing import erase_person as forget
    from mfadesk.operations.erasing import plan_erasure
    from mfadesk.store.seen import open_seen

    plan = plan_erasure(person)
    typer.echo(
        f"{plan.name}: {plan.fields} personal fields in {plan.cases} cases, {plan.contacts} addresses and numbers,"
        f" {plan.snapshots} snapshots. The cases stay, without a name."
    )
    agree("Forget them? This cannot be undone.", yes)
    forget(current_desk(), person, key, open_seen(desk_home))
    typer.echo("Forgotten. The ledger verifies as before.")
