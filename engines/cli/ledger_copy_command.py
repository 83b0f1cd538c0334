"""The commands `impasto ledger copy` and `impasto ledger promote`: a ledger moves to another place."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson

if TYPE_CHECKING:
    from ledger.copying import Copied


def ledger_copy(source: str, target: str, /, *, json: AsJson = False) -> int:
    """Copy a ledger to another place, byte for byte, with the same root; a later copy brings over what is new.

    Places are a store's folder or file, a ledger's folder, or an address such as s3://bucket/prefix. Pictures are not copied.
    Nobody can append to a copy before it is promoted.

    Example:
        impasto ledger copy ./store s3://archive/cards

    Parameters
    ----------
    source: str
        The ledger; it is only read, and may be at work.
    target: str
        New, empty, or an earlier copy of the same ledger.
    """
    from ledger.copying import copy_ledger

    with output.progress() as tell:
        copied = copy_ledger(_place(source), _place(target), tell=lambda done, total: tell("events", done, total))
    if json:
        output.print_json(_copied_json(copied))
    else:
        output.show(f"{copied.source}", f"  {copied.size} events, root {copied.root.hex()}")
        output.show(f"{copied.target}", f"  {copied.size} events, root {copied.root.hex()}; {copied.added} are new")
        output.say("the copy takes no events of its own; see impasto ledger promote")
    return FINE


def ledger_promote(
    target: str,
    /,
    *,
    source: str | None = None,
    source_lost: Annotated[bool, Parameter(negative="")] = False,
    json: AsJson = False,
) -> int:
    """Let a copy take the place of the ledger that it was made of.

    The original is sealed: it refuses events from then on and names the new place. What the copy lacks is brought over.

    Example:
        impasto ledger promote s3://archive/cards --source ./store

    Parameters
    ----------
    target: str
        The copy.
    source: str
        The original.
    source_lost: bool
        There is no original any more to be sealed. Should it turn up again, keep everybody from writing to it.
    """
    from engines.media_v2.errors import MissingOptionError
    from ledger.copying import promote_copy, promote_orphan

    if (source is None) != source_lost:
        raise MissingOptionError(
            "source", "name the original with --source PLACE, or say --source-lost: one of the two"
        )
    if source is None:
        end = promote_orphan(_place(target))
        size, root = end.size, end.root
        told: dict[str, object] = {"target": target, "ledger_id": end.ledger_id.hex(), "size": size, "root": root.hex()}
    else:
        with output.progress() as tell:
            copied = promote_copy(
                _place(target), source=_place(source), tell=lambda done, total: tell("events", done, total)
            )
        size, root = copied.size, copied.root
        told = _copied_json(copied)
    if json:
        output.print_json(told)
    else:
        output.show(f"{target} takes events now: {size} so far, root {root.hex()}")
        if source is not None:
            output.say(f"{source} takes none any more")
    return FINE


def _place(given: str) -> str | Path:
    """Return what `given` means: the ledger of a store, where it is one."""
    from engines.media_v2.places import STORE_FILE_SUFFIX, places_of

    if given.endswith(STORE_FILE_SUFFIX) and Path(given).is_file():
        return places_of(given).ledger
    places = places_of(given)
    return places.ledger if places.is_remote or places.is_made else Path(given)


def _copied_json(copied: "Copied") -> dict[str, object]:
    return {
        "source": copied.source,
        "target": copied.target,
        "ledger_id": copied.ledger_id.hex(),
        "size": copied.size,
        "root": copied.root.hex(),
        "added": copied.added,
        "checkpoint": None if copied.checkpoint is None else output.checkpoint_json(copied.checkpoint),
    }
