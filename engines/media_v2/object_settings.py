"""How is a bucket reached? The settings of S3-compatible object storage as one checked value, and the address that they make. Pure.

Credentials are no settings: they come from the provider's usual chain (`object_credentials.py`), so that no store file, ledger, log
or process list can hold them. An address with a user or password in it is refused, without being repeated.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from engines.media_v2.errors import ObjectSettingsError

SCHEME = "s3"
PREFIX_BYTES_MAX = 512
"""Of a prefix inside a bucket. S3 takes keys of 1,024 bytes, and the longest key of a blob has 218."""
REGION_DEFAULT = "us-east-1"
"""What servers that know no regions answer to."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_PREFIX_PART = re.compile(r"[A-Za-z0-9_.-]+")

Seconds = Annotated[float, Meta(ge=0.05, le=600)]


class ObjectSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the blobs are, and how patiently they are asked for. Make it with `check_object_settings`."""

    url: str
    """`s3://bucket` or `s3://bucket/prefix`."""
    endpoint: str | None = None
    """`https://host[:port]`. By default AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL of the environment, else Amazon's for the region."""
    public_endpoint: str | None = None
    """The endpoint in presigned URLs, where clients reach the server under another name than this process does."""
    region: str | None = None
    """By default AWS_REGION or AWS_DEFAULT_REGION of the environment, else `us-east-1`."""
    path_style: bool = True
    """Whether the bucket is named in the path of a URL, rather than in its host."""
    allow_http: bool = False
    """Whether an endpoint may be plain HTTP, which hides nothing from the network. On loopback it always may."""
    checksum: bool = True
    """Whether puts send the content's SHA-256 for the server to check. Turn it off for servers that refuse the header."""
    connect_timeout_s: Seconds = 5.0
    """Until a connection stands."""
    timeout_s: Seconds = 60.0
    """Until one request is answered in full, its body included."""
    attempts: Annotated[int, Meta(ge=1, le=10)] = 4
    """How often a request is made that fails for reasons that may pass, with pauses of at most 2 s. A look-up lasts at most
    `attempts * timeout_s` and the pauses; a read twice that, once to begin and once to go on; a put three times that, when it finds
    the object there and has to read it."""


class Address(NamedTuple):
    """Where requests go. `endpoint` is None for Amazon's own."""

    bucket: str
    prefix: str
    endpoint: str | None
    public_endpoint: str | None
    region: str

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"{SCHEME}://{self.bucket}/{self.prefix}".rstrip("/")


def check_object_settings(values: object) -> ObjectSettings:
    """Return settings from a mapping or the Struct itself. Raises `ObjectSettingsError`."""
    try:
        settings = msgspec.convert(msgspec.to_builtins(values), ObjectSettings)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        raise ObjectSettingsError(place.rstrip("`") or "object storage", reason) from None
    address(settings, {})
    return settings


def address(settings: ObjectSettings, environ: Mapping[str, str]) -> Address:
    """Return where `settings` lead, the gaps filled from `environ`. Raises `ObjectSettingsError`."""
    bucket, prefix = _bucket_and_prefix(settings.url)
    given = settings.endpoint or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
    region = settings.region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or REGION_DEFAULT
    if not _REGION.fullmatch(region):
        raise ObjectSettingsError("region", "1 to 64 of a-z, 0-9 and -")
    endpoint = None if given is None else _endpoint("endpoint", given, settings, bucket)
    public = settings.public_endpoint
    return Address(
        bucket,
        prefix,
        endpoint,
        endpoint if public is None else _endpoint("public_endpoint", public, settings, bucket),
        region,
    )


def _bucket_and_prefix(url: str) -> tuple[str, str]:
    scheme, mark, rest = url.partition("://")
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.removesuffix("/")
    if scheme != SCHEME or not mark or not _BUCKET.fullmatch(bucket):
        rule = "s3://bucket/prefix, where the bucket has 3 to 63 of a-z, 0-9, . and -; credentials are never part of it"
        raise ObjectSettingsError("url", rule)
    parts = prefix.split("/") if prefix else []
    if not all(_PREFIX_PART.fullmatch(part) and part not in (".", "..") for part in parts):
        raise ObjectSettingsError("url", "its prefix must be letters, digits and _.- between single slashes")
    if len(prefix) > PREFIX_BYTES_MAX:
        raise ObjectSettingsError("url", f"its prefix has {len(prefix)} bytes; at most {PREFIX_BYTES_MAX} are taken")
    return bucket, prefix


def _endpoint(field: str, value: str, settings: ObjectSettings, bucket: str) -> str:
    """Return the endpoint as the library wants it: with the bucket in its host, where that is where the bucket goes."""
    rule = "https://host or https://host:port, and no more; credentials are never part of it"
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ObjectSettingsError(field, rule) from None
    plain = parts.scheme in ("http", "https") and host and parts.path in ("", "/") and "@" not in value
    if not plain or parts.query or parts.fragment or not value.isprintable() or " " in value:
        raise ObjectSettingsError(field, rule)
    if parts.scheme == "http" and not (settings.allow_http or _is_loopback(host)):
        raise ObjectSettingsError(field, "plain http only reaches loopback; use https, or set allow_http")
    shown = f"[{host}]" if ":" in host else host
    name = shown if settings.path_style else f"{bucket}.{shown}"
    return f"{parts.scheme}://{name}" + ("" if port is None else f":{port}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
