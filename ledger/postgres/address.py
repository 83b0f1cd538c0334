"""Which server, database and ledger does an address name, and how is it shown? Pure; secrets never come out of here.

An address is what libpq calls a connection URI, then ``#`` and the name of the ledger:
``postgresql://user@host:5432/database?sslmode=verify-full#cards``. The password may stand in it, but is better kept where
libpq looks for it by itself: PGPASSFILE, a service file, the environment.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from ledger.errors import OutOfRangeError

DEFAULT_NAME: Final = "default"
"""Name of the ledger where an address has none."""

NAME: Final = re.compile(r"[a-z0-9_-]{1,63}")
"""What a ledger may be called: as long as PostgreSQL's own names, and safe in a URL and on a command line."""

_UNKNOWN_KEY: Final = re.compile(r'invalid URI query parameter: "([a-z_]{1,40})"')
_SAFE: Final = re.compile(r"[\w. -]{0,100}")


class Address(NamedTuple):
    """A place for one ledger. `parameters` are libpq's and may hold a password; `shown` is for messages and holds none."""

    parameters: dict[str, str]
    name: str
    shown: str

    def __repr__(self) -> str:
        """Tell everything but the secrets."""
        return f"Address({self.shown!r})"

    def hide(self, text: str) -> str:
        """Return `text` without the password, should it hold that."""
        for key in ("password", "sslpassword"):
            secret = self.parameters.get(key)
            text = text.replace(secret, "***") if secret else text
        return text


def parse_address(text: str) -> Address:
    """Return what `text` names. Raises OutOfRangeError for anything that libpq or the name of a ledger does not allow.

    >>> parse_address("postgresql://me:secret@db.internal:5433/media#cards").shown
    'postgresql://db.internal:5433/media#cards'
    """
    uri, _, name = text.partition("#")
    name = name if "#" in text else DEFAULT_NAME
    if not NAME.fullmatch(name):
        # A password with a bare # would end up here, so only what cannot be one is told.
        told = name if _SAFE.fullmatch(name) and "@" not in uri + name else "(not shown)"
        raise OutOfRangeError("name of the ledger", told, "1 to 63 of a-z, 0-9, _ and -, after the # of the address")
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(uri).items() if value is not None}
    except ProgrammingError as error:
        # Only a key is repeated: a secret that was not percent-encoded would be told as a host or a port.
        unknown = _UNKNOWN_KEY.search(str(error))
        told = unknown[1] if unknown else "(not shown)"
        raise OutOfRangeError("part of the address", told, "what libpq knows of a connection URI") from None
    # A slash in a password that is not percent-encoded makes the rest of it a port and a database.
    if not re.fullmatch(r"[0-9,]*", given.get("port", "")) or re.search("[@/:]", given.get("dbname", "")):
        raise OutOfRangeError("port or database of the address", "(not shown)", "digits, and a name without @, / and :")
    return Address(given, name, _shown(given, name))


def _shown(given: dict[str, str], name: str) -> str:
    hosts = given.get("host", given.get("hostaddr", "")).split(",")
    ports = given.get("port", "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    pairs = zip(hosts, ports, strict=False)
    spelled = ",".join(f"{quote(host, safe='[]:')}{':' + port if port else ''}" for host, port in pairs)
    return f"postgresql://{spelled}/{quote(given.get('dbname', ''))}#{name}"
