"""Which commands there are. Each is imported only when it is called, so that `impasto --help` stays quick.

Data goes to stdout, progress and messages to stderr. Exit codes are in `failures.py`.
"""

import importlib.metadata
import itertools
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from engines.cli import failures

_HELP = """Compose pictures from photographs, drawings and text; export them; prove how each was made.

Start with: impasto demo. Every command explains itself with --help.

Exit codes: 0 fine, 1 findings or a refused request, 2 wrong usage, 3 something is missing on this machine.
"""

_COMMANDS = {
    "demo": ("engines.cli.demo:demo", "Build a store on real input and walk the whole journey."),
    "init": ("engines.cli.store_commands:init", "Make an empty store."),
    "asset add": ("engines.cli.render_commands:asset_add", "Store pictures and drawings."),
    "render": ("engines.cli.render_commands:render", "Export a composition with presets."),
    "convert": (
        "engines.cli.convert_command:convert",
        "Turn pictures, SVGs and compositions into picture files; no store.",
    ),
    "replay": ("engines.cli.store_commands:replay", "Rebuild the catalog from the ledger and count it."),
    "lineage": ("engines.cli.store_commands:lineage", "Show what an artifact was made from."),
    "audit": ("engines.cli.store_commands:audit", "Check that the store still holds what its ledger says."),
    "artifact list": ("engines.cli.artifact_commands:artifact_list", "List the artifacts of a tenant and env."),
    "artifact show": ("engines.cli.artifact_commands:artifact_show", "Show all that is recorded about one artifact."),
    "artifact get": ("engines.cli.artifact_commands:artifact_get", "Fetch an artifact's bytes."),
    "prove": ("engines.cli.prove_commands:prove", "Write a proof that the ledger registered an artifact."),
    "verify-proof": ("engines.cli.prove_commands:verify_proof", "Check such a proof; no store is needed."),
    "ledger checkpoint": ("engines.cli.ledger_commands:ledger_checkpoint", "Sign the ledger as it is now."),
    "ledger vkey": ("engines.cli.ledger_commands:ledger_vkey", "Print the ledger's verifier key."),
    "ledger export": (
        "engines.cli.ledger_commands:ledger_export",
        "Write the ledger as a folder that foreign tools verify.",
    ),
    "ledger fsck": ("engines.cli.ledger_commands:ledger_fsck", "Check every byte of the ledger."),
    "ledger copy": (
        "engines.cli.ledger_copy_command:ledger_copy",
        "Copy a ledger to another place, with the same root.",
    ),
    "ledger promote": (
        "engines.cli.ledger_copy_command:ledger_promote",
        "Let a copy take the place of its original.",
    ),
    "artifact retract": (
        "engines.cli.artifact_commands:artifact_retract",
        "Mark an artifact and its descendants as not to be used.",
    ),
    "presets": ("engines.cli.preset_commands:presets", "List the export presets."),
    "preset define": ("engines.cli.preset_commands:preset_define", "Define a preset of a tenant and env."),
    "vector render": ("engines.cli.draw_commands:vector_render", "Draw an SVG by itself and register it."),
    "vector export": (
        "engines.cli.document_commands:vector_export",
        "Make a PDF, PostScript or clean SVG file of an SVG.",
    ),
    "text render": ("engines.cli.draw_commands:text_render", "Draw a text by itself and register it."),
    "text measure": (
        "engines.cli.text_commands:text_measure",
        "Tell a text's box, lines and baselines; nothing is drawn.",
    ),
    "video overlay": ("engines.cli.video_command:video_overlay", "Burn a registered picture into a video clip."),
    "serve": ("engines.cli.serve_command:serve", "Serve a store over HTTP."),
    "font add": ("engines.cli.font_commands:font_add", "Store fonts that texts of a tenant and env may be set in."),
    "doctor": ("engines.cli.machine_commands:doctor", "Tell versions, places and missing parts."),
    "bench compositing": (
        "engines.cli.bench_commands:bench_compositing",
        "Blend 8 layers, beside every installed peer.",
    ),
    "bench export": (
        "engines.cli.bench_export_command:bench_export",
        "Export four presets, beside straight scripts of peers.",
    ),
    "bench text": (
        "engines.cli.bench_text_command:bench_text",
        "Set and draw 1,000 headlines, beside Pillow and Skia.",
    ),
    "bench vectors": (
        "engines.cli.bench_vectors_command:bench_vectors",
        "Draw SVGs through the guard, beside the engines by themselves.",
    ),
    "bench ledger": (
        "engines.cli.bench_ledger_command:bench_ledger",
        "Append and replay 200,000 events, beside every installed peer.",
    ),
    "bench batch": (
        "engines.cli.bench_batch_command:bench_batch",
        "Render 200 cards with one worker and two, by threads, processes and Dask.",
    ),
}
_GROUPS = {
    "asset": "Pictures and drawings that compositions use.",
    "artifact": "Look at artifacts and fetch their bytes.",
    "preset": "Export presets of a tenant and env.",
    "vector": "SVG drawings by themselves.",
    "text": "Texts by themselves.",
    "video": "Hand pictures over to video.",
    "font": "Fonts of a tenant and env.",
    "ledger": "The ledger as evidence: sign it, hand it over, check it.",
    "bench": "Measure against peers.",
}


def build_app(arguments: Sequence[str] = ()) -> App:
    """Return the command tree. The command that `arguments` call explains itself in full; listings show one line each."""
    app = App(name="impasto", help=_HELP, help_format="plaintext", version=_version)
    groups = {name: App(name=name, help=summary) for name, summary in _GROUPS.items()}
    for group in groups.values():
        app.command(group)
    for name, (place, summary) in _COMMANDS.items():
        *above, last = name.split()
        parent = groups[above[0]] if above else app
        called = list(arguments[: len(above) + 1]) == [*above, last]
        parent.command(place, name=last, help=None if called else summary)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors are told on stderr, and as JSON on stdout when `--json` was asked for."""
    wants_json = "--json" in arguments or ("--format", "json") in itertools.pairwise(arguments)
    try:
        result = build_app(arguments)(arguments, exit_on_error=False, print_error=True, result_action="return_value")
    except CycloptsError as error:
        return failures.tell_usage(error, as_json=wants_json)
    except SystemExit as stop:  # --help and --version inside cyclopts
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return failures.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes a message
        return failures.tell(error, as_json=wants_json)
    return result if isinstance(result, int) else failures.FINE


def _version() -> str:
    return importlib.metadata.version("impasto")
