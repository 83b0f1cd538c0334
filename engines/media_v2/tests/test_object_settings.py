"""Are the settings of object storage checked before anything is asked, and do credentials stay out of them?"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engines.cli import failures
from engines.http import problems
from engines.media_v2 import object_client, object_credentials
from engines.media_v2.blob_objects import ObjectBlobs
from engines.media_v2.errors import BlobStoreError, CredentialsFault, ObjectSettingsError, ObjectStorageMissingError
from engines.media_v2.object_settings import ObjectSettings, address, check_object_settings

SECRET = "canary-secret"  # noqa: S105 - nobody's


def _checked(**values: object) -> ObjectSettings:
    return check_object_settings({"url": "s3://bucket/prefix"} | values)


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [
        ("s3://abc", "abc", ""),
        ("s3://abc/", "abc", ""),
        ("s3://my.bucket-1/a/b_c.d", "my.bucket-1", "a/b_c.d"),
        ("s3://abc/prod/", "abc", "prod"),
    ],
)
def test_an_url_names_bucket_and_prefix(url: str, bucket: str, prefix: str) -> None:
    place = address(_checked(url=url), {})
    assert (place.bucket, place.prefix) == (bucket, prefix)
    assert place.name == url.rstrip("/")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "bucket/prefix"),
        ("url", "http://bucket/prefix"),
        ("url", "s3:/bucket"),
        ("url", "s3://"),
        ("url", "s3://ab"),
        ("url", "s3://Bucket"),
        ("url", "s3://" + "b" * 64),
        ("url", f"s3://key:{SECRET}@bucket/x"),
        ("url", f"s3://bucket/x?secret={SECRET}"),
        ("url", "s3://bucket//x"),
        ("url", "s3://bucket/../x"),
        ("url", "s3://bucket/a b"),
        ("url", "s3://bucket/é"),
        ("url", "s3://bucket/" + "p" * 513),
        ("endpoint", "host"),
        ("endpoint", "ftp://host"),
        ("endpoint", "https://"),
        ("endpoint", f"https://user:{SECRET}@host"),
        ("endpoint", f"https://{SECRET}@host"),
        ("endpoint", "https://host/path"),
        ("endpoint", f"https://host?key={SECRET}"),
        ("endpoint", "https://host:99999"),
        ("endpoint", "https://host name"),
        ("endpoint", "https://[::1"),
        ("endpoint", "http://example.org"),
        ("endpoint", "http://127.0.0.1.example.org"),
        ("public_endpoint", "http://example.org"),
        ("region", "eu west"),
        ("timeout_s", 0),
        ("timeout_s", 10_000),
        ("timeout_s", "nan"),
        ("attempts", 0),
        ("attempts", 1_000),
        ("secret_access_key", SECRET),
    ],
)
def test_what_cannot_be_meant_is_refused_without_being_repeated(field: str, value: object) -> None:
    """Before any request; the message names the field, and never the value, for people paste credentials into addresses."""
    with pytest.raises(ObjectSettingsError) as caught:
        _checked(**{field: value})
    assert field in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.fields} {caught.value.__cause__}"


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000", "http://127.9.9.9"]
)
def test_plain_http_reaches_loopback(endpoint: str) -> None:
    """Tests and a server beside the worker need no certificates; and what is said once may go further."""
    assert address(_checked(endpoint=endpoint), {}).endpoint == endpoint
    assert _checked(endpoint="http://minio.internal:9000", allow_http=True)


def test_the_bucket_may_stand_in_the_host() -> None:
    settings = _checked(endpoint="https://s3.example.org", path_style=False)
    assert address(settings, {}).endpoint == "https://bucket.s3.example.org"


def test_the_environment_fills_gaps_and_wins_nothing() -> None:
    """As with Amazon's own tools; what settings say stands."""
    environ = {
        "AWS_ENDPOINT_URL": "https://general.example.org",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.org",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    place = address(_checked(), environ)
    assert (place.endpoint, place.region) == ("https://s3.example.org", "eu-west-1")
    assert place.public_endpoint == place.endpoint
    assert address(_checked(), {}).endpoint is None
    said = _checked(
        endpoint="https://mine.example.org", region="eu-north-1", public_endpoint="https://open.example.org"
    )
    assert address(said, environ)[2:] == ("https://mine.example.org", "https://open.example.org", "eu-north-1")
    with pytest.raises(ObjectSettingsError):
        address(_checked(), {"AWS_ENDPOINT_URL": f"http://user:{SECRET}@example.org"})


def test_the_library_gets_what_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads the environment for all that it is not told, and so could be told not to sign, or to overwrite."""
    for name, value in {
        "AWS_CONDITIONAL_PUT": "disabled",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ALLOW_INVALID_CERTIFICATES": "true",
        "AWS_ENDPOINT_URL_S3": "https://elsewhere.example.org",
        "AWS_S3_EXPRESS": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIACANARY",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    settings = _checked(endpoint="https://mine.example.org", region="eu-north-1", timeout_s=7.5)
    store = object_client._store(settings, address(settings, {}), "https://mine.example.org", None)
    assert (
        object_client.ObjectClient(settings).sign("key", 60).startswith("https://mine.example.org/bucket/prefix/key?")
    )
    assert (store.config["region"], store.config["conditional_put"]) == ("eu-north-1", "etag")
    assert str(store.config["skip_signature"]).lower() == str(store.config["s3_express"]).lower() == "false"
    assert store.client_options is not None
    assert str(store.client_options["allow_http"]).lower() == "false"
    assert str(store.client_options["allow_invalid_certificates"]).lower() == "false"
    assert store.retry_config is not None
    assert store.retry_config["max_retries"] == 0


def test_settings_and_what_is_made_of_them_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in their text, not as JSON: there is nothing to hide in them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACANARY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    settings = _checked(endpoint="http://127.0.0.1:9")
    blobs = ObjectBlobs(settings)
    text = f"{settings!r} {msgspec.json.encode(settings)!r} {blobs!r} {blobs._client!r} {vars(blobs._client)}"
    assert SECRET not in text
    assert "AKIACANARY" not in text


def test_keys_of_the_environment_come_first(tmp_path: Path) -> None:
    """Then tokens and containers, all of which the library finds by itself; only a profile is read by another one."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        assert object_credentials.provider({name: "x", "AWS_PROFILE": "no-such"}, tmp_path) is None
    assert object_credentials.provider({}, tmp_path / "nobody") is None


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """Writes a credentials file, and says which environment names it."""
    pytest.importorskip("boto3", reason="SKIPPED LOUDLY: boto3 is not installed, so profiles are not tested")

    def write(text: str) -> dict[str, str]:
        file = tmp_path / "credentials"
        file.write_text(text)
        environ = {
            "AWS_SHARED_CREDENTIALS_FILE": str(file),
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_PROFILE": "work",
        }
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        for name, value in (environ | {"AWS_EC2_METADATA_DISABLED": "true"}).items():
            monkeypatch.setenv(name, value)
        return environ

    return write


def test_a_profile_is_read(profiles: Callable[[str], dict[str, str]], tmp_path: Path) -> None:
    """The one that AWS_PROFILE names."""
    environ = profiles(f"[work]\naws_access_key_id = AKIACANARY\naws_secret_access_key = {SECRET}\n")
    found = object_credentials.provider(environ, tmp_path)
    assert found is not None
    given = found()
    assert (given["access_key_id"], given["secret_access_key"]) == ("AKIACANARY", SECRET)


@pytest.mark.parametrize(
    "text",
    [
        f"[other]\naws_secret_access_key = {SECRET}\n",
        f"{SECRET} is no section",
        f"[work]\naws_access_key_id = {SECRET}\n",
    ],
)
def test_a_profile_that_cannot_be_read_is_told_without_quoting_it(
    profiles: Callable[[str], dict[str, str]], tmp_path: Path, text: str
) -> None:
    """Its name, and not what stands in the file."""
    environ = profiles(text)
    with pytest.raises(CredentialsFault) as caught:
        object_credentials.provider(environ, tmp_path)
    assert "work" in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.fields} {caught.value.__context__} {caught.value.__cause__}"


def test_a_profile_without_its_reader_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 is no part of the extra: most workers have keys, tokens or a role."""
    monkeypatch.setitem(sys.modules, "obstore.auth.boto3", None)
    with pytest.raises(CredentialsFault, match="pip install boto3"):
        object_credentials.provider({"AWS_PROFILE": "work"}, tmp_path)


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the store is made, not when the first blob is stored."""
    monkeypatch.setattr(object_client.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ObjectStorageMissingError, match=r"impasto\[scale\]"):
        ObjectBlobs(_checked())


def test_the_errors_are_told_as_what_they_are() -> None:
    """A store that does not answer is 503 and exit code 3, both worth another try; settings are the operator's mistake, not a caller's."""
    away = BlobStoreError("s3://bucket/x", "get of k", "no answer in time", 4)
    assert problems.status_of(away) == 503
    assert failures.exit_code(away) == failures.ENVIRONMENT
    told = problems.tell(away, "abc", 2)
    assert told.headers["Retry-After"] == "2"
    assert b"bucket" not in told.content
    assert problems.status_of(ObjectSettingsError("url", "rule")) == 500
    assert failures.exit_code(ObjectSettingsError("url", "rule")) == failures.REFUSED
    assert failures.exit_code(CredentialsFault("no profile")) == failures.ENVIRONMENT


def test_the_library_is_imported_when_it_is_used() -> None:
    """A worker with a folder needs no extra, and pays nothing."""
    code = """
import sys
from engines.media_v2.blob_cache import CachedBlobs
from engines.media_v2.blob_objects import ObjectBlobs
from engines.media_v2.object_settings import ObjectSettings
ObjectBlobs(ObjectSettings(url="s3://bucket"))
print([name for name in ("obstore", "boto3") if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
