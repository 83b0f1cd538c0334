"""A process that appends until it has done its share or is killed; it prints each index that was acknowledged.

Arguments: the ledger's folder, this worker's number, how many appends.
"""

import sys

from sample_events import EventWithRepair, Painted

from ledger import Ledger


def main(path: str, worker: int, appends: int) -> None:
    """Append commits of one to three events that name the worker and count its events."""
    done = 0
    with Ledger.open(path, events=EventWithRepair, create=True, wait_s=60, segment_bytes_max=4_000) as ledger:
        for at in range(appends):
            events = [Painted(f"worker-{worker}", done + each) for each in range(1 + at % 3)]
            first = ledger.append(events)
            done += len(events)
            print(first, len(events), flush=True)  # noqa: T201 - this is how the test learns what was acknowledged


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
