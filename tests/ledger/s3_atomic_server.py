"""moto's server with puts one after the other: run as a program by `s3_server`.

moto looks whether a name is taken and then puts, in threads, with nothing between that would keep another thread out. Two
puts with If-None-Match at once may then both succeed, which S3 promises never to happen; a ledger that rests on the promise
loses a commit there.
"""

import sys
import threading
from typing import Any

from moto.s3.responses import S3Response
from moto.server import main

_put_object = S3Response.put_object
_one = threading.Lock()


def _put_alone(self: S3Response) -> Any:
    with _one:
        return _put_object(self)


if __name__ == "__main__":
    S3Response.put_object = _put_alone  # type: ignore[method-assign]
    main(sys.argv[1:])
