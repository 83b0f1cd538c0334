"""Walk the whole way beyond one machine: a real PostgreSQL, a real S3-speaking server, a cluster of workers, and the proof that
nothing is lost on it.

Two hundred cards are drawn by workers of a Dask cluster, recorded in PostgreSQL, and stored in a bucket. Then everything is audited and
made again; the same cards are made by the embedded store, artifact by artifact; and the ledger is copied into a folder, with the
same root. Servers run on loopback and end with the demo.

`make scale-demo`, or `python docs/examples/scaling/scale_demo.py --dir FOLDER`.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from bench.servers import ACCESS_KEY, SECRET_KEY, ServerMissingError, object_server, postgres

BATCH = Path(__file__).resolve().parents[1] / "batch"
SCOPE = ("--tenant", "musee", "--env", "demo")
PRESET = "web_small"
BUCKET = "media"

say = Console(stderr=True, highlight=False).print


class Made(NamedTuple):
    """What a batch left: for each row the id and the hash of what it made, and how long all took."""

    artifacts: dict[str, tuple[str, str]]
    seconds: float


def main() -> None:
    """Run the demo; exits 1 when anything is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--dir", type=Path, default=Path("impasto-scale-demo"), help="folder for rows, stores and copies"
    )
    parser.add_argument("--cards", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    folder: Path = given.dir.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with postgres() as database, object_server(BUCKET) as endpoint, _credentials():
            say(f"[bold]PostgreSQL[/] at {database.url}, [bold]S3[/] at {endpoint}")
            faults = walk(folder, database.url, endpoint, given.cards, given.workers)
    except ServerMissingError as error:
        sys.exit(f"scale-demo: {error}")
    for fault in faults:
        say(f"[red]{fault}[/]")
    sys.exit(1 if faults else 0)


def walk(folder: Path, database: str, endpoint: str, cards: int, workers: int) -> list[str]:
    """Do all of it, and return what is not as it should be."""
    template, rows = _template(folder), _rows(folder, cards)
    shared, embedded, copied = folder / "shared.toml", folder / "embedded", folder / "copied"
    shared.write_text(
        f'ledger = "{database}#cards"\nblobs = "s3://{BUCKET}/cards"\ncache = "cache"\n'
        f'[objects]\nendpoint = "{endpoint}"\nregion = "us-east-1"\n',
        encoding="utf-8",
    )
    impasto("init", shared, "--origin", "demo.example/cards")
    spread = batch(template, rows, shared, folder / "shared.csv", "--scheduler", f"local:{workers}")
    again = batch(template, rows, shared, folder / "again.csv", "--scheduler", f"local:{workers}")
    audit = impasto("audit", "--store", shared, "--remake", "--json")
    impasto("init", embedded)
    alone = batch(template, rows, embedded, folder / "embedded.csv")
    copy = impasto("ledger", "copy", shared, copied, "--json")
    root = impasto("replay", "--store", shared, "--json")["head"]["root"]
    _show(
        [
            (f"{cards} cards, {workers} Dask workers, PostgreSQL and S3", f"{spread.seconds:.1f} s"),
            ("the same again: answered from the store", f"{again.seconds:.1f} s"),
            ("the same in an embedded store", f"{alone.seconds:.1f} s"),
            (
                "audited",
                f"{audit['events']} events, {audit['blobs_checked']} blobs, {audit['remade']} renders made again",
            ),
            ("root in PostgreSQL", root),
            ("root of the copy in a folder", copy["root"]),
        ]
    )
    same = [name for name in spread.artifacts if spread.artifacts[name] == alone.artifacts.get(name)]
    checks = {
        f"{cards - len(same)} cards are not those of the embedded store": len(same) == cards,
        "asked again, cards are other ones": again.artifacts == spread.artifacts,
        f"the audit finds {audit['findings']}": audit["ok"],
        f"{audit['remade']} renders were made again, not {cards}": audit["remade"] == cards,
        "the copy has another root": copy["root"] == root,
    }
    return [fault for fault, fine in checks.items() if not fine]


def batch(template: Path, rows: Path, store: Path, results: Path, *more: str) -> Made:
    """Render all rows into `store`."""
    begun = time.monotonic()
    impasto(
        "render", template, "--data", rows, "--preset", PRESET, "--store", store, *SCOPE, "--results", results, *more
    )
    with results.open(encoding="utf-8", newline="") as stream:
        made = {row["name"]: (row["artifact_id"], row["sha256"]) for row in csv.DictReader(stream)}
    return Made(made, time.monotonic() - begun)


def impasto(*words: str | Path) -> Any:
    """Run a command as anybody would, show it, and return what it prints if that is JSON."""
    command = [str(word) for word in words]
    say(f"[dim]$ impasto {' '.join(command)}[/]")
    whole = [sys.executable, "-m", "engines.cli", *command]
    done = subprocess.run(whole, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own command, our own words
    if done.returncode:
        sys.exit(f"scale-demo: impasto {command[0]} ended with {done.returncode}")
    return json.loads(done.stdout) if "--json" in command else None


def _template(folder: Path) -> Path:
    """The batch example's template with its photographs."""
    shutil.copytree(BATCH, folder / "template", ignore=shutil.ignore_patterns("README.md", "rows.csv"))
    return folder / "template" / "template.json"


def _rows(folder: Path, count: int) -> Path:
    """So many rows, no two alike: those of the batch example with other seats."""
    with (BATCH / "rows.csv").open(encoding="utf-8", newline="") as stream:
        known = list(csv.DictReader(stream))
    file = folder / "rows.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(known[0]))
        table.writeheader()
        for number in range(count):
            row = known[number % len(known)]
            table.writerow(row | {"name": f"card {number:04d}", "seats": str(100 + number)})
    return file


@contextmanager
def _credentials() -> Iterator[None]:
    """Credentials of the loopback server where S3 clients look for them: in the environment."""
    wanted = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _show(lines: Sequence[tuple[str, str]]) -> None:
    table = Table(show_header=False)
    table.add_column(no_wrap=False, overflow="fold")
    table.add_column(overflow="fold")
    for what, value in lines:
        table.add_row(what, value)
    Console().print(table)


if __name__ == "__main__":
    main()
