"""Commands about one artifact as evidence: a proof to hand over, and its check by somebody who has no store."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson, Store, need_store

if TYPE_CHECKING:
    from ledger import ProvenEntry


def prove(
    artifact_id: str,
    /,
    *,
    output_file: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    store: Store = None,
    json: AsJson = False,
) -> int:
    """Write a proof that the ledger registered an artifact, for somebody without the store (C2SP tlog-proof).

    The proof holds what the registration says, and hashes that tell nothing about other artifacts.

    Example:
        impasto prove 3f0c... -o card.tlog-proof --store ./store

    Parameters
    ----------
    artifact_id: str
        Id of the artifact (32 hex digits).
    output_file: Path
        Where to write; by default ARTIFACT_ID.tlog-proof in this folder.
    """
    from engines.media_v2.proofs import prove_artifact

    proof = prove_artifact(need_store(store), artifact_id)
    target = output_file or Path(f"{artifact_id}.tlog-proof")
    target.write_bytes(proof.text)
    if json:
        described = {"artifact_id": artifact_id, "index": proof.event_index, "file": str(target)}
        output.print_json(described | output.checkpoint_json(proof.checkpoint))
    else:
        where = f"event {proof.event_index} of {proof.checkpoint.size} of {proof.checkpoint.origin}"
        output.say(f"wrote {target}: {where}")
    return FINE


def verify_proof(
    proof: Path,
    /,
    *,
    vkey: Annotated[str | None, Parameter(help="Verifier key of the ledger, or a file that holds it.")] = None,
    entry: Path | None = None,
    content: Path | None = None,
    json: AsJson = False,
) -> int:
    """Check a proof with nothing but the verifier key; no store is needed. Exits 1 when it does not convince.

    It shows that the owner of the key has signed a ledger that holds the event. Whether that ledger was never rewritten is
    another question: see docs/guides/verify.md.

    Example:
        impasto verify-proof card.tlog-proof --vkey ledger.vkey --content card.png

    Parameters
    ----------
    proof: Path
        File that `impasto prove` wrote.
    entry: Path
        File with the bytes of the event, for proofs that do not bring it along.
    content: Path
        Also check that this file is, byte for byte, the artifact that the event registers.
    """
    from engines.media_v2.errors import MissingOptionError
    from engines.media_v2.proofs import check_content, read_proof_file, told_event
    from engines.media_v2.signing import read_vkey
    from ledger import check_proof

    if not vkey:
        raise MissingOptionError("vkey", "name the ledger's verifier key with --vkey KEY or --vkey FILE")
    key = read_vkey(vkey)
    given = None if entry is None else read_proof_file(entry)
    proven = check_proof(read_proof_file(proof), key, given)
    event = told_event(proven.entry)
    if content is not None:
        check_content(event, content)
    if json:
        output.print_json(_as_json(proven, event, content))
    else:
        _show(proven, event, content)
    return FINE


def _as_json(proven: "ProvenEntry", event: dict[str, Any] | None, content: Path | None) -> dict[str, object]:
    described = output.checkpoint_json(proven.checkpoint)
    return {"ok": True, "index": proven.index, **described, "event": event, "content_checked": content is not None}


def _show(proven: "ProvenEntry", event: dict[str, Any] | None, content: Path | None) -> None:
    checkpoint = proven.checkpoint
    signed = f"{checkpoint.origin} signed a ledger of {checkpoint.size} events; event {proven.index} is"
    output.show(f"ok: {signed}{'' if event else ' of a kind that this program does not know'}", style="green")
    if event is not None:
        table = output.table(str(event["type"]), "field", "value")
        for name, value in event.items():
            table.add_row(name, output.plain(value))
        output.show(table)
    if content is not None:
        output.show(f"{content} is that artifact, byte for byte")
