"""Commands about a store's ledger as evidence: sign it, publish its key, hand it over, check it."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from engines.cli import output
from engines.cli.failures import FINE, REFUSED
from engines.cli.options import AsJson, Store, Vkey, need_store

_SIGNED = {
    "given": "signature checked with the key that was given",
    "store": "signature checked with the store's own key",
    "none": "no signature checked",
}


def ledger_checkpoint(
    *,
    output_file: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    store: Store = None,
    json: AsJson = False,
) -> int:
    """Sign the ledger as it is now and print the checkpoint.

    Keep checkpoints where the store's owner cannot reach them: they are what shows later that nothing was rewritten.

    Example:
        impasto ledger checkpoint -o 2026-11.checkpoint --store ./store

    Parameters
    ----------
    output_file: Path
        Write the checkpoint to this file instead.
    """
    from engines.media_v2.registry import Registry

    with Registry.open(need_store(store)) as registry:
        checkpoint = registry.ledger.checkpoint()
    if output_file is not None:
        output_file.write_bytes(checkpoint.text)
    if json:
        output.print_json(output.checkpoint_json(checkpoint) | {"text": checkpoint.text.decode()})
    elif output_file is not None:
        output.say(f"wrote the checkpoint over {checkpoint.size} events to {output_file}")
    else:
        output.print_text(checkpoint.text.decode())
    return FINE


def ledger_vkey(*, store: Store = None, json: AsJson = False) -> int:
    """Print the verifier key of the store's ledger. Publish it apart from the store.

    Example:
        impasto ledger vkey --store ./store

    """
    from engines.media_v2 import signing
    from engines.media_v2.errors import NoKeyError
    from engines.media_v2.places import places_of

    places = places_of(need_store(store))
    vkey = signing.own_vkey(places.keys)
    if vkey is None:
        raise NoKeyError(places.name)
    if json:
        output.print_json({"vkey": vkey, "origin": vkey.split("+")[0]})
    else:
        output.print_text(vkey)
    return FINE


def ledger_export(folder: Path, /, *, store: Store = None, json: AsJson = False) -> int:
    """Write the ledger as a folder that tools for transparency logs verify (C2SP tlog-tiles), without pictures.

    A later export to the same folder adds what is new. Everything that the events say of all tenants is in it.

    Example:
        impasto ledger export ./log --store ./store

    Parameters
    ----------
    folder: Path
        New or empty folder, or that of an earlier export.
    """
    from engines.media_v2.registry import Registry
    from ledger import export

    with Registry.open(need_store(store)) as registry:
        checkpoint = export(registry.ledger, folder)
    if json:
        output.print_json(output.checkpoint_json(checkpoint) | {"folder": str(folder)})
    else:
        output.say(f"exported {checkpoint.size} events of {checkpoint.origin} to {folder}")
    return FINE


def ledger_fsck(*, store: Store = None, vkey: Vkey = None, json: AsJson = False) -> int:
    """Check every byte of the ledger: structure, events, hash tree, signature. Nothing is written or repaired.

    Pictures and lineage are the matter of `impasto audit`, which does all this too. Exits 1 when there are findings.

    Example:
        impasto ledger fsck --store ./store --vkey ledger.vkey

    """
    from engines.media_v2.errors import StoreNotFoundError
    from engines.media_v2.evidence import choose_key
    from engines.media_v2.places import places_of
    from engines.media_v2.stores import check_ledger

    places = places_of(need_store(store))
    if not places.is_made:
        raise StoreNotFoundError(places.name)
    key = choose_key(places.keys, vkey)
    report = check_ledger(places, key.vkey)
    if json:
        output.print_json(
            {"ok": report.ok, "events": report.events, "segments": report.segments, "bytes": report.bytes}
            | {"key": key.trust, "findings": report.findings}
        )
    else:
        verdict = "ok" if report.ok else f"{len(report.findings)} findings"
        counts = f"{report.events} events in {report.segments} segments of {report.bytes:,} bytes; {_SIGNED[key.trust]}"
        output.show(f"{verdict}: {counts}", style="green" if report.ok else "red")
        for finding in report.findings:
            output.show(f"  {finding.check}: {finding.subject} at byte {finding.offset}", f"    {finding.detail}")
    return FINE if report.ok else REFUSED
