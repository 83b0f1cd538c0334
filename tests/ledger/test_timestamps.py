"""Time stamps: the query is what openssl would ask, and a reply holds for its checkpoint and no other."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ledger import OutOfRangeError, TimeStampError, ToolError, timestamps
from ledger.timestamps import attach, check_time_stamp, time_stamp, time_stamp_query

CHECKPOINT = b"example.org/ledger\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 signature\n"

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="NO openssl HERE: time stamps are NOT checked by this run"
)

_CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
CN = test authority
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[stamping]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
"""


def _openssl(folder: Path, *arguments: str) -> bytes:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True, timeout=60)
    return done.stdout


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority of our own: a certificate at the top and one that may only stamp."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "conf").write_text(_CONFIGURATION.format(folder=folder), encoding="utf-8")
    (folder / "serial").write_text("01\n", encoding="utf-8")
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "conf")
    _openssl(folder, "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-extensions", "ca")
    _openssl(folder, "req", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=stamper")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    _openssl(
        folder,
        "x509",
        "-req",
        "-in",
        "tsa.csr",
        *signed,
        "-extfile",
        "conf",
        "-extensions",
        "stamping",
        "-out",
        "tsa.pem",
    )
    return folder


def _reply(folder: Path, query: bytes) -> bytes:
    (folder / "query").write_bytes(query)
    key = ("-inkey", "tsa.key", "-signer", "tsa.pem")
    _openssl(folder, "ts", "-reply", "-config", "conf", "-queryfile", "query", *key, "-out", "reply")
    return (folder / "reply").read_bytes()


@pytest.fixture(scope="module")
def token(authority: Path) -> bytes:
    """Return a reply about CHECKPOINT to our own query."""
    return _reply(authority, time_stamp_query(CHECKPOINT, b"\xff" * 8))


def test_the_query_is_the_documented_der() -> None:
    """Golden: version 1, SHA-256 of the checkpoint, certificates wanted; and with a nonce whose first bit is set."""
    imprint = (
        "3031300d060960864801650304020105000420" + "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert time_stamp_query(b"").hex() == "3039020101" + imprint + "0101ff"
    assert time_stamp_query(b"", b"\xff").hex() == "303d020101" + imprint + "020200ff0101ff"
    with pytest.raises(OutOfRangeError):
        time_stamp_query(b"", bytes(33))


@needs_openssl
def test_openssl_asks_the_same(tmp_path: Path) -> None:
    """An encoder of our own needs a second opinion."""
    (tmp_path / "data").write_bytes(CHECKPOINT)
    asked = _openssl(tmp_path, "ts", "-query", "-data", "data", "-sha256", "-no_nonce", "-cert")
    assert asked == time_stamp_query(CHECKPOINT)


@needs_openssl
def test_a_good_token_is_kept_and_holds(authority: Path, token: bytes, tmp_path: Path) -> None:
    """The way that it is meant to be used."""
    (tmp_path / "checkpoint").write_bytes(CHECKPOINT)
    path = attach(tmp_path, CHECKPOINT, token)
    assert path == tmp_path / "checkpoint.tsr"
    said = check_time_stamp(CHECKPOINT, path.read_bytes(), authority / "ca.pem")
    told = _openssl(authority, "ts", "-reply", "-in", "reply", "-text").decode()
    assert said.at_us % 1_000_000 == 0
    assert f":{said.at_us // 1_000_000 % 60:02d}" in told.partition("Time stamp: ")[2].partition("GMT")[0]
    assert check_time_stamp(CHECKPOINT, token, authority / "ca.pem", at_s=said.at_us // 1_000_000) == said


@needs_openssl
def test_a_token_holds_for_its_checkpoint_alone(authority: Path, token: bytes, tmp_path: Path) -> None:
    """One changed byte of the checkpoint, another checkpoint in the folder, an authority that nobody trusts, bad times."""
    with pytest.raises(TimeStampError, match="not about this checkpoint"):
        check_time_stamp(CHECKPOINT.replace(b"3", b"4"), token, authority / "ca.pem")
    (tmp_path / "checkpoint").write_bytes(CHECKPOINT + b"x")
    with pytest.raises(TimeStampError, match="another checkpoint"):
        attach(tmp_path, CHECKPOINT, token)
    assert not (tmp_path / "checkpoint.tsr").exists()
    with pytest.raises(TimeStampError, match="openssl refuses"):
        check_time_stamp(CHECKPOINT, token, authority / "tsa.key")
    with pytest.raises(TimeStampError, match="openssl refuses"):
        check_time_stamp(CHECKPOINT, token, authority / "ca.pem", at_s=0)


@needs_openssl
def test_changed_tokens_are_refused(authority: Path, token: bytes) -> None:
    """Some bytes all over, the time's last digit and the signature's end: none may change what is believed."""
    said = time_stamp(CHECKPOINT, token)
    at_time = token.index(b"Z", token.index(b"\x18\x0f")) - 1
    for at in {*range(0, len(token), max(1, len(token) // 12)), at_time, len(token) - 1}:
        bad = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        try:
            assert check_time_stamp(CHECKPOINT, bad, authority / "ca.pem") == said
        except TimeStampError:
            continue
        assert at not in (at_time, len(token) - 1)


@pytest.mark.parametrize(
    "token", [b"", b"no token", bytes.fromhex("30073005020102" + "0400"), bytes.fromhex("3003020101")]
)
def test_what_is_no_granted_reply_is_refused(token: bytes, tmp_path: Path) -> None:
    """Authorities answer refusals in the same form; keeping one would prove nothing later."""
    with pytest.raises(TimeStampError, match="not granted"):
        attach(tmp_path, CHECKPOINT, token)
    with pytest.raises(OutOfRangeError):
        attach(tmp_path, CHECKPOINT, bytes(timestamps.TOKEN_BYTES_MAX + 1))


@needs_openssl
def test_a_missing_or_hanging_tool_is_told(
    authority: Path, token: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the machine that lacks something, not the token."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="not installed"):
        check_time_stamp(CHECKPOINT, token, authority / "ca.pem")
    (tmp_path / "openssl").touch(mode=0o755)

    def hanging(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("openssl", timestamps.CHECK_TIMEOUT_S)

    monkeypatch.setattr(subprocess, "run", hanging)
    with pytest.raises(ToolError, match="no answer within 20 s"):
        check_time_stamp(CHECKPOINT, token, authority / "ca.pem")
