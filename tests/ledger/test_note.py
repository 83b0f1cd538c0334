"""Signed notes: what Go signs we accept, what we sign is the same bytes, and nothing else passes."""

from pathlib import Path

import pytest

from ledger import InvalidKeyError, InvalidNoteError, Signer, StorageError, parse_checkpoint, parse_vkey
from ledger.checkpoint import sign_checkpoint
from ledger.note import NOTE_BYTES_MAX, SIGNATURES_MAX, format_vkey, parse_note, verify_note

GO_KEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = f"""{TEXT}
\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
""".encode()


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """Return the signer of the documentation of Go's package, loaded from a key file."""
    path = tmp_path / "key"
    path.write_text(GO_KEY + "\n")
    return Signer.load(path)


def test_keys_and_notes_are_those_of_go(signer: Signer) -> None:
    """The example of golang.org/x/mod/sumdb/note, byte for byte."""
    assert signer.vkey == GO_VKEY == format_vkey(parse_vkey(GO_VKEY))
    assert signer.sign(TEXT) == GO_NOTE
    assert verify_note(GO_NOTE, parse_vkey(GO_VKEY)) == TEXT


def test_no_bit_of_a_note_can_change(signer: Signer) -> None:
    """Neither text nor signature has a second spelling."""
    for at in range(len(GO_NOTE)):
        for bit in range(8):
            bad = GO_NOTE[:at] + bytes([GO_NOTE[at] ^ 1 << bit]) + GO_NOTE[at + 1 :]
            with pytest.raises(InvalidNoteError):
                verify_note(bad, signer.verifier())
    for size in range(len(GO_NOTE)):
        with pytest.raises(InvalidNoteError):
            verify_note(GO_NOTE[:size], signer.verifier())


def test_signatures_of_strangers_are_ignored_but_do_not_count(signer: Signer) -> None:
    """Witnesses add theirs; a stranger of the same name is still a stranger."""
    stranger, namesake = Signer("witness.example", bytes(32)), Signer(signer.name, bytes(32))
    lines = [each.sign(TEXT).split(b"\n\n")[1] for each in (stranger, signer, namesake)]
    note = TEXT.encode() + b"\n" + b"".join(lines)
    for each in (stranger, signer, namesake):
        assert verify_note(note, each.verifier()) == TEXT
    with pytest.raises(InvalidNoteError, match="not signed by"):
        verify_note(TEXT.encode() + b"\n" + lines[0] + lines[2], signer.verifier())
    other = signer.sign("Another text.\n").split(b"\n\n")[1]
    for both in (lines[1] + other, other + lines[1]):
        with pytest.raises(InvalidNoteError, match="not one of this text"):
            verify_note(TEXT.encode() + b"\n" + both, signer.verifier())


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (b"text\n\n" + b"x" * NOTE_BYTES_MAX, "more than"),
        (b"\xff\n\n", "UTF-8"),
        (b"te\txt\n\n", "control"),
        (TEXT.encode(), "blank line"),
        (GO_NOTE[:-1], "blank line"),
        (TEXT.encode() + b"\n", "blank line"),
        (TEXT.encode() + b"\n" + "\u2014 name AAAAAA==\n".encode(), "no signature line"),
        (TEXT.encode() + b"\n" + "\u2014 na+me AAAAAAAA\n".encode(), "no signature line"),
        (TEXT.encode() + b"\n" + "\u2014 name AAAA AAAA\n".encode(), "no signature line"),
        (TEXT.encode() + b"\n" + "\u2014 name AAAAAAAA\n".encode() * (SIGNATURES_MAX + 1), "signatures, more"),
    ],
)
def test_malformed_notes_are_refused_with_the_reason(note: bytes, reason: str) -> None:
    """They come from outside."""
    with pytest.raises(InvalidNoteError, match=reason):
        parse_note(note)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        GO_VKEY[:-1],
        GO_VKEY.replace("c74f", "c74e"),
        GO_VKEY.replace("Peter", "Paul"),
        GO_VKEY.replace("+AR", "+BR"),
        "na me" + GO_VKEY[12:],
        GO_VKEY + "\n",
    ],
)
def test_malformed_keys_are_refused(vkey: str) -> None:
    """A mistyped key must not silently be another one."""
    with pytest.raises(InvalidKeyError):
        parse_vkey(vkey)


def test_a_signer_survives_its_file_and_stays_secret(tmp_path: Path) -> None:
    """Only the owner may read the file, an existing one is never overwritten, and no message tells the seed."""
    signer = Signer.generate("example.com/ledger")
    assert signer != Signer.generate("example.com/ledger")
    signer.save(tmp_path / "key")
    assert Signer.load(tmp_path / "key") == signer
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert repr(signer) == "Signer(name='example.com/ledger')"
    with pytest.raises(StorageError):
        Signer.generate("example.com/other").save(tmp_path / "key")
    with pytest.raises(StorageError):
        Signer.load(tmp_path / "absent")
    good = (tmp_path / "key").read_text()
    for bad in (good[:-5], good.replace("PRIVATE", "private"), good[12:], good + "x", "", good.replace("example", "e")):
        (tmp_path / "key").write_text(bad)
        with pytest.raises(InvalidKeyError) as caught:
            Signer.load(tmp_path / "key")
        assert bad.strip() == "" or bad.strip() not in str(caught.value)
    for name, seed in (("a b", bytes(32)), ("a+b", bytes(32)), ("", bytes(32)), ("name", bytes(31))):
        with pytest.raises(InvalidKeyError):
            Signer(name, seed)


def test_checkpoints_round_trip_and_have_one_spelling(signer: Signer) -> None:
    """A second spelling of a size or root would be a second checkpoint."""
    checkpoint = sign_checkpoint(signer, 20_852_163, bytes(range(32)))
    assert parse_checkpoint(checkpoint.text, signer.verifier()) == checkpoint
    root = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    for text in (
        f"{signer.name}\n007\n{root}\n",
        f"{signer.name}\n-7\n{root}\n",
        f"{signer.name}\n7\n{root[:-4]}\n",
        f"{signer.name}\n7\n{root[:-2]}9=\n",
        f"{signer.name}\n7\n{root}\nextension\n",
        f"{signer.name}\n7\n",
        f"\n7\n{root}\n",
        f"{signer.name}\n{10**19}\n{root}\n",
        f"{signer.name}\n\u0667\n{root}\n",
    ):
        with pytest.raises(InvalidNoteError, match="not an origin, a size and a root"):
            parse_checkpoint(signer.sign(text), signer.verifier())
    with pytest.raises(InvalidNoteError, match="a checkpoint of other"):
        parse_checkpoint(signer.sign(f"other\n7\n{root}\n"), signer.verifier())
