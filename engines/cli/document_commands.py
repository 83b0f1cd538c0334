"""The command that makes a document of a drawing, for print or for other programs."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from engines.cli import output
from engines.cli.drawing_files import NO_REFERENCES, References, store_file
from engines.cli.failures import FINE
from engines.cli.options import AsJson, Env, Store, Tenant, need_scope, need_store


def vector_export(
    scene: str,
    /,
    *,
    format: Literal["pdf", "ps", "eps", "svg"] = "pdf",
    dpi: float = 96.0,
    bleed_mm: float = 0.0,
    text: Literal["embed", "outline"] = "embed",
    references: References = NO_REFERENCES,
    out_dir: Annotated[Path | None, Parameter(help="Also write the file here, under its deterministic name.")] = None,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    json: AsJson = False,
) -> int:
    """Make a document of an SVG, its vectors left vectors, and register it as a vector_document.

    PDF has a trim box of the drawing's size, and with a bleed a larger page around it. PostScript is refused for what it cannot draw
    as an SVG means it, texts among that. An svg comes out with only what is drawn.

    Example:
        impasto vector export poster.svg --format pdf --dpi 300 --bleed-mm 3 --out-dir print --store ./store --tenant acme --env prod

    Parameters
    ----------
    scene: str
        An SVG file, which is stored first, or the id of a vector_scene.
    format: str
        Of the file.
    dpi: float
        Pixels of the drawing per inch of paper: 96 is the size that browsers print.
    bleed_mm: float
        Millimetres around the trim, for PDF; shows what the drawing has beyond its edge.
    text: str
        Whether texts in PDF stay texts, with the needed parts of their fonts, or become outlines.
    """
    from engines.cli.journey import write_export
    from engines.media_v2.registry import Registry
    from engines.vector_core.pages import checked_request
    from engines.workspace import Workspace

    path, scope = need_store(store), need_scope(tenant, env)
    request = checked_request({"format": format, "dpi": dpi, "bleed_mm": bleed_mm, "text": text})
    with Registry.open(path) as registry:
        work = Workspace(registry, scope)
        scene_id = store_file(work, Path(scene), references).artifact.artifact_id if Path(scene).is_file() else scene
        made = work.export_document(scene_id, request)
        if out_dir is not None:
            write_export(work, made, out_dir)
    output.show_renders([made], as_json=json)
    return FINE
