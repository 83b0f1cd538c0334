"""`impasto demo`: the whole journey on real input, in a folder that people can look at afterwards.

Photograph + SVG + headline -> composition -> four exports -> ledger -> replay -> audit -> one export made again, bit for bit.
"""

import importlib.resources
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engines.cli import output
from engines.cli.failures import FINE, REFUSED
from engines.cli.options import AsJson
from engines.errors import EnvironmentFault

if TYPE_CHECKING:
    from engines.cli.output import Tell
    from engines.media_v2.audit import AuditReport
    from engines.media_v2.catalog import Catalog
    from engines.media_v2.renders import Rendered

TENANT, ENV = "observatory", "demo"
_PHOTOGRAPH = "hubble_deep_field.jpg"
"""Hubble Space Telescope, 2012, NASA and ESA: public domain. It comes inside scikit-image's wheel."""


class PhotographMissingError(EnvironmentFault):
    """The demo needs a real photograph, which the `demo` extra brings."""

    type = "photograph-missing"

    def __init__(self) -> None:
        super().__init__("the demo's photograph comes with scikit-image: pip install 'impasto[demo]'")


def demo(*, dir: Path = Path("impasto-demo"), json: AsJson = False) -> int:  # noqa: A002 - the option's name
    """Compose a poster from a photograph, a drawing and text; export, replay, audit, and make one export again.

    The first run compiles kernels, which takes a while; later ones do not.

    Example:
        impasto demo --dir ./impasto-demo

    Parameters
    ----------
    dir: Path
        Folder for the store, the inputs and the pictures.
    """
    sources = _write_sources(dir / "sources")
    with output.progress() as tell:
        walked = _walk(dir, sources, tell)
    if json:
        output.print_json(_as_json(walked))
    else:
        _show(walked)
    return FINE if walked.ok else REFUSED


class _Walked(NamedTuple):
    """What the journey found, for showing."""

    folder: Path
    renders: "list[Rendered]"
    again: str | None
    """What differs in the export that was made again; None when every bit is the same."""
    report: "AuditReport"
    catalog: "Catalog"
    pictures: list[Path]
    vkey: str | None
    """The verifier key of the store's ledger; None in a store that was made without one."""

    @property
    def ok(self) -> bool:
        """Whether the audit and the remake found nothing."""
        return self.report.ok and self.again is None


def _write_sources(folder: Path) -> Path:
    """Put photograph, drawing and composition into `folder`, where people can look at them and change them; return
    the composition's path."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise PhotographMissingError
    photograph = Path(next(iter(spec.submodule_search_locations))) / "data" / _PHOTOGRAPH
    if not photograph.is_file():
        raise PhotographMissingError
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sky.jpg").write_bytes(photograph.read_bytes())
    assets = importlib.resources.files("engines.cli") / "demo_assets"
    for name in ("orbits.svg", "poster.json"):
        (folder / name).write_bytes((assets / name).read_bytes())
    return folder / "poster.json"


def _walk(folder: Path, composition: Path, tell: "Tell") -> _Walked:
    from engines.cli.journey import render_presets
    from engines.image_core.presets import PRESETS
    from engines.image_core.service import remake
    from engines.media_v2.audit import audit
    from engines.media_v2.places import places_of
    from engines.media_v2.signing import own_vkey
    from engines.workspace import Workspace

    store, exports = folder / "store", folder / "exports"
    with Workspace.open(store, tenant=TENANT, env=ENV, create=True) as work:
        renders = render_presets(work, composition, tuple(PRESETS), tell, out_dir=exports)
        again = remake(work.registry, renders[0].artifact, work.isolation)
        catalog = work.registry.catalog()
    report = audit(store, None, tell)
    pictures = [exports / one.artifact.uri.rsplit("/", 1)[-1] for one in renders]
    return _Walked(folder, renders, again, report, catalog, pictures, own_vkey(places_of(store).keys))


def _as_json(walked: _Walked) -> dict[str, object]:
    return {
        "ok": walked.ok,
        "store": str(walked.folder / "store"),
        "renders": [output.render_json(one) for one in walked.renders],
        "pictures": [str(path) for path in walked.pictures],
        "audit": walked.report,
        "vkey": walked.vkey,
        "remade": {"artifact_id": walked.renders[0].artifact.artifact_id, "same_bits": walked.again is None},
    }


def _show(walked: _Walked) -> None:
    from engines.media_v2.lineage_view import LineageView

    first = walked.renders[0].artifact
    output.show(output.renders_table(walked.renders))
    output.show(f"Lineage of {first.artifact_id}:")
    output.show(output.lineage_tree(LineageView(walked.catalog, first.artifact_id)))
    report = walked.report
    verdict = "nothing amiss" if report.ok else f"{len(report.findings)} findings, see impasto audit"
    output.show(
        f"Replayed {report.events} events to {report.artifacts} artifacts; audited {report.blobs_checked} blobs: {verdict}."
    )
    output.show(f"Made {first.artifact_id} again: {walked.again or 'the same bits'}.")
    if walked.vkey is not None and report.checkpoint is not None:
        output.show(f"Signed over {report.checkpoint.size} events; verifier key: {walked.vkey}")
    output.show("Pictures:", *(f"  {path}" for path in walked.pictures))
