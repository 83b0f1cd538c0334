"""What does object storage do to us when the network or the server fails, and what do we say then?

Each fault is a real one, on a wire between the store and a real server: connections that are cut before, during and after a request,
answers that never come, bits that turn, servers that are killed. Whatever happens, a call ends, with the truth or a typed error.
"""

import functools
import pickle
import re
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from blob_store import ACME, LARGE
from object_servers import BUCKET, CREDENTIALS, HOST, ObjectServer, Wire, clean_environment, running, wire_to

from engines.media_v2 import keys, object_client
from engines.media_v2.blob_cache import CachedBlobs
from engines.media_v2.blob_objects import ObjectBlobs
from engines.media_v2.blobs import BlobStore
from engines.media_v2.errors import BlobDamagedError, BlobMissingError, BlobStoreError
from engines.media_v2.object_settings import ObjectSettings

ATTEMPTS = 3
CONTENT = bytes(range(256)) * 800
"""Sent in many segments, so that a cut at 50,000 bytes is in the middle of it."""
FAULTS = {
    "before the request": ("refuse", 0),
    "after the first bytes of the request": ("cut-request", 10),
    "in the middle of a body": ("cut-request", 50_000),
    "after the request, before the answer": ("cut-answer", 0),
    "in the middle of the answer": ("cut-answer", 60),
}
CALLS: dict[str, Callable[[BlobStore], object]] = {
    "put": lambda blobs: blobs.put(ACME, CONTENT),
    "get": lambda blobs: blobs.get(ACME, keys.sha256_hex(CONTENT)),
    "open": lambda blobs: blobs.open(ACME, keys.sha256_hex(CONTENT), 10, 20).close(),
    "stream": lambda blobs: list(blobs.stream(ACME, keys.sha256_hex(CONTENT))),
    "size": lambda blobs: blobs.size(ACME, keys.sha256_hex(CONTENT)),
    "files": lambda blobs: list(blobs.files()),
}
SHORT_REQUESTS = {"get", "open", "stream", "size", "files"}
"""Calls whose request is over long before a cut in the middle of a body."""


@pytest.fixture(params=["moto", "localbucket"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody waits between attempts, and nothing of this machine's own credentials is used."""
    monkeypatch.setattr(object_client, "PAUSE_S_FIRST", 0.001)
    clean_environment(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ObjectServer]]:
    """Servers by name, each started when it is first asked for."""
    started: dict[str, tuple[ObjectServer, object]] = {}

    def get(name: str) -> ObjectServer:
        if name not in started:
            context = running(name, tmp_path_factory.mktemp("servers"))
            started[name] = (context.__enter__(), context)
        return started[name][0]

    yield get
    for _, context in started.values():
        context.__exit__(None, None, None)  # type: ignore[attr-defined]


@pytest.fixture
def wire(servers: Callable[[str], ObjectServer], kind: str) -> Iterator[Wire]:
    with wire_to(servers(kind)) as made:
        yield made


_numbers = iter(range(1_000_000))


def _settings(endpoint: str, **others: object) -> ObjectSettings:
    given = {"url": f"s3://{BUCKET}/faults/{next(_numbers)}", "endpoint": endpoint, "attempts": ATTEMPTS} | others
    return msgspec.convert(given, ObjectSettings)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("when", FAULTS)
def test_a_connection_that_is_cut_once_goes_unnoticed(wire: Wire, kind: str, when: str, call: str) -> None:
    """The call is made again, and its answer is the right one; a put that had arrived already is not an error."""
    if _torn(kind, when, call):
        pytest.skip("this server stores half a body; the next test but one shows that we do not believe it")
    blobs = ObjectBlobs(_settings(wire.endpoint, timeout_s=30.0))
    before = CALLS["put"](blobs) if call != "put" else None
    fault, at = FAULTS[when]
    wire.befall(fault, 1, at)
    answer = CALLS[call](blobs)
    wire.befall("", 0)
    assert blobs.get(ACME, keys.sha256_hex(CONTENT)) == CONTENT
    assert [file.size for file in blobs.files()] == [len(CONTENT)]
    if call in ("put", "size", "get"):
        assert answer == {"put": keys.sha256_hex(CONTENT), "size": len(CONTENT), "get": CONTENT}[call]
    assert before in (None, keys.sha256_hex(CONTENT))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("when", FAULTS)
def test_a_connection_that_is_always_cut_ends_in_a_typed_error(wire: Wire, kind: str, when: str, call: str) -> None:
    """After a bounded number of attempts; and when the network is back, the same call works."""
    if _torn(kind, when, call):
        pytest.skip("this server stores half a body; the next test shows that we do not believe it")
    fault, at = FAULTS[when]
    if call in SHORT_REQUESTS and (fault, at) == ("cut-request", 50_000):
        fault, at = "cut-answer", 100
    blobs = ObjectBlobs(_settings(wire.endpoint, timeout_s=30.0))
    CALLS["put"](blobs) if call != "put" else None
    wire.befall(fault, 1_000, at)
    with pytest.raises(BlobStoreError) as caught:
        CALLS[call](blobs)
    assert caught.value.fields["attempts"] == ATTEMPTS
    assert wire.connections <= 2 * ATTEMPTS
    wire.befall("", 0)
    CALLS["put"](blobs)
    CALLS[call](blobs)
    assert blobs.get(ACME, keys.sha256_hex(CONTENT)) == CONTENT


def _torn(kind: str, when: str, call: str) -> bool:
    return call == "put" and when == "in the middle of a body" and kind == "localbucket"


def test_half_a_body_that_a_server_stored_is_told_as_damage(servers: Callable[[str], ObjectServer]) -> None:
    """There are such servers. What they have under the name is not what was put, so the put has not succeeded."""
    with wire_to(servers("localbucket")) as wire:
        blobs = ObjectBlobs(_settings(wire.endpoint))
        wire.befall("cut-request", 1, 50_000)
        with pytest.raises(BlobDamagedError):
            blobs.put(ACME, CONTENT)
        with pytest.raises(BlobDamagedError):
            blobs.get(ACME, keys.sha256_hex(CONTENT))


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_never_answers_is_given_up(wire: Wire, call: str) -> None:
    """Bounded in time as in attempts: a worker must not hang on one request."""
    blobs = ObjectBlobs(_settings(wire.endpoint, timeout_s=0.2))
    wire.befall("silent", 1_000)
    with pytest.raises(BlobStoreError) as caught:
        CALLS[call](blobs)
    assert caught.value.fields["reason"] == "no answer in time"
    assert caught.value.fields["attempts"] == ATTEMPTS


def test_a_put_whose_answer_was_lost_is_one_object(wire: Wire) -> None:
    """The server had it: the second attempt finds it there, compares it, and says that it is stored."""
    blobs = ObjectBlobs(_settings(wire.endpoint))
    wire.befall("cut-answer", 1)
    assert blobs.put(ACME, CONTENT) == keys.sha256_hex(CONTENT)
    assert wire.connections >= 2
    assert [file.size for file in blobs.files()] == [len(CONTENT)]


def test_a_put_does_not_believe_what_is_there_already(servers: Callable[[str], ObjectServer], kind: str) -> None:
    """Something else under the name, of the same size or not, is damage, and is told; it is not overwritten either."""
    server = servers(kind)
    settings = _settings(server.endpoint)
    key = keys.blob_key(ACME, keys.sha256_hex(CONTENT))
    for other in (CONTENT[:-1] + b"?", CONTENT[:-1], b""):
        server.ask("PUT", f"{settings.url.removeprefix('s3://')}/{key}", other)
        with pytest.raises(BlobDamagedError):
            ObjectBlobs(settings).put(ACME, CONTENT)
        assert ObjectBlobs(settings).size(ACME, keys.sha256_hex(CONTENT)) == len(other)


def test_a_turned_bit_on_the_way_is_never_handed_out(wire: Wire) -> None:
    """The hash is over what arrived."""
    blobs = ObjectBlobs(_settings(wire.endpoint))
    sha256 = blobs.put(ACME, CONTENT)
    wire.befall("flip", 1, 100_000)
    with pytest.raises(BlobDamagedError):
        blobs.get(ACME, sha256)
    wire.befall("", 0)
    assert blobs.get(ACME, sha256) == CONTENT


def test_a_long_read_goes_on_where_it_broke(wire: Wire) -> None:
    """Not from the start: large blobs would never arrive on a bad line. Each break but the last is taken up."""
    blobs = ObjectBlobs(_settings(wire.endpoint))
    sha256 = blobs.put(ACME, LARGE)
    wire.befall("cut-answer", ATTEMPTS - 1, len(LARGE) // 2)
    assert blobs.get(ACME, sha256) == LARGE
    assert wire.connections == ATTEMPTS


def test_a_read_does_not_go_on_in_another_object(
    wire: Wire, servers: Callable[[str], ObjectServer], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of one version and half of another one would be found by the hash; it is told for what it is."""
    settings = _settings(wire.endpoint)
    blobs = ObjectBlobs(settings)
    sha256 = blobs.put(ACME, LARGE)
    path = f"{settings.url.removeprefix('s3://')}/{keys.blob_key(ACME, sha256)}"
    replace = functools.partial(servers(kind).ask, "PUT", path, bytes(len(LARGE)))
    monkeypatch.setattr(object_client.time, "sleep", lambda _: replace())
    wire.befall("cut-answer", 1, len(LARGE) // 2)
    with pytest.raises(BlobStoreError, match="changed while it was read"):
        blobs.get(ACME, sha256)


def test_a_killed_server_is_told_and_what_it_forgot_is_missing(kind: str, tmp_path: Path) -> None:
    """One make loses all when it is killed, the other nothing: a blob comes back whole or is missing, and a put works again."""
    with running(kind, tmp_path) as server:
        blobs = ObjectBlobs(_settings(server.endpoint))
        sha256 = blobs.put(ACME, CONTENT)
        server.kill()
        for call in CALLS.values():
            with pytest.raises(BlobStoreError) as caught:
                call(blobs)
            assert caught.value.fields["reason"] == "connection refused"
        server.start()
        if server.forgets:
            with pytest.raises(BlobMissingError):
                blobs.get(ACME, sha256)
            assert list(blobs.files()) == []
        else:
            assert blobs.get(ACME, sha256) == CONTENT
        assert blobs.put(ACME, CONTENT) == sha256
        assert blobs.get(ACME, sha256) == CONTENT


def test_what_was_acknowledged_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    """A server that keeps its objects is killed while four threads put: all that was acknowledged is there, byte for byte."""
    with running("localbucket", tmp_path) as server:
        settings = _settings(server.endpoint, attempts=1)
        acknowledged: list[bytes] = []

        def work(number: int) -> None:
            blobs = ObjectBlobs(settings)
            for at in range(10_000):
                content = b"%d-%d-" % (number, at) * 5_000
                try:
                    blobs.put(ACME, content)
                except BlobStoreError:
                    return
                acknowledged.append(content)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 40 and any(thread.is_alive() for thread in threads):
            threads[0].join(0.01)
        server.kill()
        for thread in threads:
            thread.join(60)
        server.start()
        blobs = ObjectBlobs(settings)
        assert len(acknowledged) >= 40
        for content in acknowledged:
            assert blobs.get(ACME, keys.sha256_hex(content)) == content


def test_a_bucket_that_is_not_there_is_not_an_empty_one(servers: Callable[[str], ObjectServer], kind: str) -> None:
    """A mistyped bucket must not look as if every blob had been lost."""
    blobs = ObjectBlobs(_settings(servers(kind).endpoint, url="s3://no-such-bucket/x"))
    for call in ("put", "get", "open", "stream", "files"):
        with pytest.raises(BlobStoreError) as caught:
            CALLS[call](blobs)
        assert caught.value.fields["reason"] == "there is no such bucket", call
        assert caught.value.fields["attempts"] == 1


def test_a_forked_process_is_refused_instead_of_hanging(servers: Callable[[str], ObjectServer], kind: str) -> None:
    """The library's threads do not survive a fork, and waiting for them would take for ever."""
    settings = _settings(servers(kind).endpoint)
    program = f"""
import os, signal
from engines.media_v2.blob_objects import ObjectBlobs
from engines.media_v2.errors import BlobStoreError
from engines.media_v2.object_settings import ObjectSettings
from engines.media_v2.scope import scope_of
scope = scope_of("acme", "test")
blobs = ObjectBlobs(ObjectSettings(url={settings.url!r}, endpoint={settings.endpoint!r}))
if not (early := os.fork()):
    os._exit(0 if blobs.size(scope, "ab" * 32) is None else 1)
assert os.waitstatus_to_exitcode(os.waitpid(early, 0)[1]) == 0, "before it was used, a fork harms nothing"
sha256 = blobs.put(scope, b"content")
child = os.fork()
if not child:
    signal.alarm(60)  # nothing outlives a test that fails
    for mine in (blobs, ObjectBlobs(ObjectSettings(url={settings.url!r}, endpoint={settings.endpoint!r}))):
        try:
            mine.get(scope, sha256)
        except BlobStoreError as error:
            if "spawn" in str(error):
                continue
        os._exit(9)
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert blobs.get(scope, sha256) == b"content"
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_a_store_goes_to_another_process_without_its_connections(
    servers: Callable[[str], ObjectServer], kind: str, tmp_path: Path
) -> None:
    """As settings, from which a worker makes connections of its own, with credentials of its own."""
    blobs = CachedBlobs(ObjectBlobs(_settings(servers(kind).endpoint)), tmp_path / "cache", 1_000_000)
    sha256 = blobs.put(ACME, CONTENT)
    packed = pickle.dumps(blobs)
    assert pickle.loads(packed).get(ACME, sha256) == CONTENT  # noqa: S301 - our own
    assert not _canaries(packed.decode("latin-1"))


class _Gossip(BaseHTTPRequestHandler):
    """A server that refuses everything and repeats all that it was told, as real ones do when a signature is wrong."""

    status = 403

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = (
            f"<Error><Code>SignatureDoesNotMatch</Code><Message>{self.path} {self.headers}</Message></Error>".encode()
        )
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_POST = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture(params=[400, 403, 404, 500, 503])
def gossip(request: pytest.FixtureRequest) -> Iterator[str]:
    with _serving(type("Gossip", (_Gossip,), {"status": request.param})) as endpoint:
        yield endpoint


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server of our own, for what real ones cannot be made to say."""
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _canaries(text: str) -> list[str]:
    """Which secrets stand in `text`, whole or in part."""
    secrets = [*CREDENTIALS.values(), "canary-token", "AWS4-HMAC"]
    return [one for one in secrets if one in text]


def _all_said(error: BaseException) -> str:
    """All that a log, a debugger or a crash reporter could take from an error and from what hangs on it."""
    said = "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        said += f"{seen} {seen!r} {seen.args} {vars(seen)}"
        seen = seen.__context__ or seen.__cause__
    return said


@pytest.mark.parametrize("refusal", [409, 412])
@pytest.mark.parametrize("times", [1, 1_000])
def test_a_put_in_whose_way_nothing_stands_begins_again(refusal: int, times: int) -> None:
    """Two puts of one key at once: S3 refuses one of them, and the other may come to nothing. It is not stored until somebody has it."""
    puts: list[int] = []

    class Refusing(_Gossip):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command == "PUT":
                puts.append(len(puts))
            refused = self.command == "PUT" and len(puts) <= times
            self.send_response(refusal if refused else 200 if self.command == "PUT" else 404)
            self.send_header("Content-Length", "0")
            self.send_header("ETag", '"tag"')
            self.end_headers()

        do_PUT = do_HEAD = _answer  # noqa: N815 - http.server's names

    with _serving(Refusing) as endpoint:
        blobs = ObjectBlobs(_settings(endpoint))
        if times == 1:
            assert blobs.put(ACME, CONTENT) == keys.sha256_hex(CONTENT)
            assert len(puts) == 2
        else:
            with pytest.raises(BlobStoreError):
                blobs.put(ACME, CONTENT)
            assert len(puts) < 20


def test_a_listing_goes_on_from_page_to_page(
    servers: Callable[[str], ObjectServer], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every blob once, however many fit a page; the last one may be full."""
    blobs = ObjectBlobs(_settings(servers(kind).endpoint))
    stored = sorted(keys.blob_key(ACME, blobs.put(ACME, b"%d" % at)) for at in range(21))
    for page in (1, 7, 20, 1_000):
        monkeypatch.setattr(object_client, "LISTING_PAGE", page)
        assert [file.key for file in blobs.files()] == stored


def test_no_error_repeats_a_secret(gossip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the key, not its id, not the token, not a signature: the server's words are dropped, status and code are kept."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-token")
    blobs = ObjectBlobs(_settings(gossip))
    assert not _canaries(repr(blobs) + repr(blobs._client) + repr(blobs._client.settings) + str(vars(blobs)))
    for name in CALLS.keys() - {"size"}:  # a look-up of what is not found is no error
        with pytest.raises((BlobStoreError, BlobMissingError)) as caught:
            CALLS[name](blobs)
        assert not _canaries(_all_said(caught.value))
        assert re.search(r"refused with \d{3}|missing|not found|no such", str(caught.value))


def test_no_credentials_are_told_as_such(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without any, after the last link of the chain: the instance's role, here at a port where nobody listens."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://{HOST}:9")
    with pytest.raises(BlobStoreError) as caught:
        ObjectBlobs(_settings(wire.endpoint)).get(ACME, keys.sha256_hex(CONTENT))
    assert caught.value.fields["reason"] == "no credentials"
    assert wire.connections == 0
