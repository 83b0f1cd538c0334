"""What is made of the events? The projections that the ledger's race replays."""

from collections.abc import Sequence

import msgspec

from bench.ledger_events import Event, Registered, Rendered, Tagged


class LatestById:
    """The newest event of each artifact."""

    name = "bench.latest"
    version = 1

    def initial(self) -> dict[bytes, Event]:
        """No artifact."""
        return {}

    def apply(self, state: dict[bytes, Event], _: int, event: Event, /) -> dict[bytes, Event]:
        """Keep `event` as the newest of its artifact."""
        state[event.artifact_id] = event
        return state

    def apply_batch(self, state: dict[bytes, Event], _: int, events: Sequence[Event], /) -> dict[bytes, Event]:
        """The same for many: the loop that anybody would write over rows of a database."""
        for event in events:
            state[event.artifact_id] = event
        return state


class Counts:
    """How many events of each kind of picture: a small state, as a service that must start quickly keeps it."""

    name = "bench.counts"
    version = 1
    state_type = dict[str, int]

    def initial(self) -> dict[str, int]:
        """None of any kind."""
        return {}

    def apply(self, state: dict[str, int], _: int, event: Event, /) -> dict[str, int]:
        """Count `event`."""
        state[event.kind] = state.get(event.kind, 0) + 1
        return state


class _Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    artifact_id: bytes
    parents: tuple[bytes, ...]


class RegisteredHead(_Head, frozen=True, array_like=True, gc=False, tag=1):
    """What lineage needs of a `Registered`."""


class RenderedHead(_Head, frozen=True, array_like=True, gc=False, tag=2):
    """What lineage needs of a `Rendered`."""


class TaggedHead(_Head, frozen=True, array_like=True, gc=False, tag=3):
    """What lineage needs of a `Tagged`."""


HEADS = {Registered: RegisteredHead, Rendered: RenderedHead, Tagged: TaggedHead}
"""The prefix of each event type that holds its lineage."""
