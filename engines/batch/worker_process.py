"""What does a process of a local pool do? It opens the store, answers one task after the other, and ends when nobody asks any more.

Runs in a process of its own; `processes` starts it. Requests and answers are frames over a socket (`engines.isolation.frames`). When the
coordinator dies, the socket ends: what was handed over is finished, and the process goes.
"""

import socket

import msgspec

from engines.batch import doing
from engines.batch.tasks import NotReady, Preparing, Task, Terms
from engines.isolation import frames


def main(link_fd: int) -> None:
    """Serve the coordinator at the other end of the socket `link_fd`; the first frame is the `Terms`."""
    with socket.socket(fileno=link_fd) as link:
        try:
            terms = msgspec.convert(frames.receive(link, 0).value, Terms)
            answer = doing.ready(terms, lambda done, total: frames.send(link, Preparing(done, total)))
            frames.send(link, answer)
            if not isinstance(answer, NotReady):
                _serve(link, terms)
        except (EOFError, OSError):
            pass  # the coordinator is gone, and nobody waits for an answer
        finally:
            doing.close()


def _serve(link: socket.socket, terms: Terms) -> None:
    is_warm = False

    def preparing(done: int, total: int) -> None:
        if not is_warm:
            frames.send(link, Preparing(done, total))

    while True:
        task = msgspec.convert(frames.receive(link, 0).value, Task)
        frames.send(link, doing.do_in(terms, task, preparing))
        is_warm = True
