"""Who asks the object storage? Finds the credentials where Amazon's tools do, and never keeps them in a value of ours.

The chain, first hit first: keys in the environment; a web identity token; a container's credentials; a profile of the shared files
(`~/.aws`, through boto3, which alone reads them, single sign-on and assumed roles included); the instance's own role. All but the
profile are obstore's, which renews what expires.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engines.media_v2.errors import CredentialsFault

Provider = Callable[[], Any]
"""What obstore calls when it needs credentials."""

_FOUND_BY_OBSTORE = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def provider(environ: Mapping[str, str], home: Path) -> Provider | None:
    """Return the provider that reads a profile; None where there is none to read, and obstore finds credentials by itself.

    Raises `CredentialsFault` for a profile that cannot be read: without boto3, or because it is not there.
    """
    if any(environ.get(name) for name in _FOUND_BY_OBSTORE):
        return None
    named = environ.get("AWS_PROFILE")
    shared = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials")
    return _profile(named) if named or shared.is_file() else None


def _profile(named: str | None) -> Provider:
    what = f"profile {named!r}" if named else "the shared credentials file"
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError:
        raise CredentialsFault(f"{what} needs boto3 to be read: pip install boto3") from None
    try:
        found: Provider = Boto3CredentialProvider()
    except Exception as error:  # noqa: BLE001 - boto3's errors have no common base that it exports, and their texts may quote the file
        failure = type(error).__name__
    else:
        return found
    raise CredentialsFault(f"{what} holds no credentials that boto3 can use ({failure})")
