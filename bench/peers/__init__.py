"""Who else composites, each in one file: how it does the job of a case in the form that suits it best."""

from bench.peers.table import PEERS, Peer, importable

__all__ = ["PEERS", "Peer", "importable"]
