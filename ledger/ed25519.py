"""How are bytes signed, and signatures checked? Ed25519 (RFC 8032): the only module that names the cryptography package.

The package is imported on first use, because importing it costs more than all of this one, and most ledgers are only
appended to or read.
"""

from typing import Final

SEED_BYTES: Final = 32
PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


def public_key(seed: bytes) -> bytes:
    """Return the 32 bytes of the public key that belongs to the 32 bytes of a private one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, data: bytes) -> bytes:
    """Return the 64 bytes of the signature of `data`; the same each time."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).sign(data)


def is_signature(public: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether `signature` is one of `data` by the owner of `public`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
