"""Since when has a checkpoint existed? Time stamps by a third party (RFC 3161) over the text of a checkpoint.

A checkpoint is signed by whoever runs the log, who could also sign another past. A time stamp by an authority that has
nothing to do with the log shows that exactly this text, and so every event below it, existed at that time.

    query = time_stamp_query(checkpoint)        # POST it to an authority as application/timestamp-query
    attach(folder, checkpoint, reply)           # keep what it answers, beside the checkpoint
    check_time_stamp(checkpoint, reply, ca_file)

Nothing here talks to a network. Checking is left to `openssl ts`, which has to be installed; what is written here of
DER is only what a query needs.
"""

import hashlib
import os
import re
from datetime import UTC
from pathlib import Path
from typing import Final, NamedTuple

from ledger.errors import OutOfRangeError, TimeStampError, ToolError
from ledger.side_files import SideFolder

TOKEN_NAME: Final = "checkpoint.tsr"  # noqa: S105 - a file name, no secret
CHECKPOINT_NAME: Final = "checkpoint"

TOKEN_BYTES_MAX: Final = 1 << 20
"""Largest reply of an authority: a few kilobytes of certificates are usual."""

NONCE_BYTES_MAX: Final = 32
"""Longest nonce: authorities refuse long ones; eight bytes are usual."""

CHECK_TIMEOUT_S: Final = 20.0
"""How long openssl may take; it answers within a hundredth of a second."""

_SHA256_ALGORITHM: Final = bytes.fromhex("300d06096086480165030402010500")
"""AlgorithmIdentifier of SHA-256, 2.16.840.1.101.3.4.2.1 with NULL parameters (RFC 4055 §2.1)."""

_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30
_TRUE: Final = b"\x01\x01\xff"

_GENERALIZED_TIME: Final = re.compile(rb"\x18.(?P<digits>\d{14})(?:\.(?P<fraction>\d{1,6})\d*)?Z", re.DOTALL)


class TimeStamp(NamedTuple):
    """What an authority has said: this existed at `at_us`, microseconds since 1970 by its clock."""

    at_us: int


def time_stamp_query(checkpoint: bytes, nonce: bytes = b"") -> bytes:
    """Return the DER of a TimeStampReq for `checkpoint` by SHA-256, asking for certificates (RFC 3161 §2.4.1).

    A `nonce` of up to 32 bytes ties the reply to this query; whoever gives one compares it. Raises OutOfRangeError.
    """
    if len(nonce) > NONCE_BYTES_MAX:
        raise OutOfRangeError("nonce", len(nonce), f"at most {NONCE_BYTES_MAX} bytes")
    imprint = _der(_SEQUENCE, _SHA256_ALGORITHM + _der(_OCTETS, hashlib.sha256(checkpoint).digest()))
    number = _unsigned(int.from_bytes(nonce, "big")) if nonce else b""
    return _der(_SEQUENCE, _unsigned(1) + imprint + number + _TRUE)


def attach(folder: str | os.PathLike[str], checkpoint: bytes, token: bytes) -> Path:
    """Keep `token`, the reply of an authority about `checkpoint`, as `checkpoint.tsr` in `folder`; return its path.

    Refuses a token that was not granted or is not about this checkpoint, and a folder that holds another checkpoint,
    with TimeStampError. That the authority is to be trusted is `check_time_stamp`'s part. Raises OutOfRangeError,
    BusyError, StorageError.
    """
    time_stamp(checkpoint, token)
    side = SideFolder(Path(folder))
    held = side.read(CHECKPOINT_NAME)
    if held is not None and held != checkpoint:
        raise TimeStampError(f"{side.root / CHECKPOINT_NAME} is another checkpoint than the one that was stamped")
    with side.lock():
        side.put(TOKEN_NAME, token)
    return side.root / TOKEN_NAME


def time_stamp(checkpoint: bytes, token: bytes) -> TimeStamp:
    """Return what `token` says about `checkpoint`, without checking who says so.

    Raises OutOfRangeError for a token that is too large, TimeStampError for one that is not about this checkpoint.
    """
    if len(token) > TOKEN_BYTES_MAX:
        raise OutOfRangeError("size of the token", len(token), f"at most {TOKEN_BYTES_MAX:,} bytes")
    if not re.match(rb"\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...)\x30.\x02\x01[\x00\x01]", token, re.DOTALL):
        raise TimeStampError("the authority has not granted it, or this is no reply of one")
    imprint = _SHA256_ALGORITHM + _der(_OCTETS, hashlib.sha256(checkpoint).digest())
    at = token.find(imprint)
    if at < 0:
        raise TimeStampError("it is not about this checkpoint, or not by SHA-256")
    # In a TSTInfo the imprint is followed by a serial number of at most 20 bytes and then the time (RFC 3161 §2.4.2).
    found = _GENERALIZED_TIME.search(token, at + len(imprint), at + len(imprint) + 64)
    if found is None:
        raise TimeStampError("it tells no time")
    return TimeStamp(_microseconds(found["digits"].decode(), (found["fraction"] or b"").decode()))


def check_time_stamp(
    checkpoint: bytes, token: bytes, ca_file: str | os.PathLike[str], *, at_s: int | None = None
) -> TimeStamp:
    """Check that an authority under the certificates in `ca_file` (PEM) has stamped `checkpoint`; return what it says.

    Certificates are checked as of now, or as of `at_s`, seconds since 1970, for tokens that are older than the
    certificates live. Raises TimeStampError, OutOfRangeError, and ToolError when openssl is missing or hangs.
    """
    said = time_stamp(checkpoint, token)
    import tempfile

    with tempfile.TemporaryDirectory(prefix="time-stamp-") as folder:
        data, reply = Path(folder, CHECKPOINT_NAME), Path(folder, TOKEN_NAME)
        data.write_bytes(checkpoint)
        reply.write_bytes(token)
        moment = [] if at_s is None else ["-attime", str(at_s)]
        _run_openssl(["-data", str(data), "-in", str(reply), "-CAfile", os.fspath(ca_file), *moment])
    return said


def _run_openssl(arguments: list[str]) -> None:
    import shutil
    import subprocess

    tool = shutil.which("openssl")
    if tool is None:
        raise ToolError("openssl", "it is not installed, and time stamps are checked by it")
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, and files of our own making
            [tool, "ts", "-verify", *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=CHECK_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError("openssl", f"no answer within {CHECK_TIMEOUT_S:g} s") from error
    if done.returncode or b"Verification: OK" not in done.stdout:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise TimeStampError(f"openssl refuses it: {lines[0] if lines else 'no reason given'}")


def _der(tag: int, content: bytes) -> bytes:
    """Return one DER element; contents here are shorter than 128 bytes, so the length is one byte (X.690 §8.1.3.4)."""
    assert len(content) < 128, "a query is shorter than that"
    return bytes((tag, len(content))) + content


def _unsigned(value: int) -> bytes:
    """Return the DER of a number that is not negative: the shortest form whose first bit is clear."""
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _microseconds(digits: str, fraction: str) -> int:
    """Return a GeneralizedTime, YYYYMMDDHHMMSS with a fraction, as microseconds since 1970."""
    from datetime import datetime

    try:
        parts = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))]
        moment = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError as error:
        raise TimeStampError(f"it tells no time: {digits}") from error
    return int(moment.timestamp()) * 1_000_000 + int((fraction or "0").ljust(6, "0"))
