"""Is every byte of a ledger what was written? Checks the files and changes nothing.

Unlike reading, which stops at the first fault, this goes on and reports every fault that it can find, each with its
file and offset. It shows that the log is whole in itself, and that it is the one that was signed when it is given the
verifier key; that the signer has not signed another history takes a checkpoint kept elsewhere.

The main path is `verify` -> `_Check.run`: the mark, then each segment frame by frame, then the two against each other;
`tree_check` follows with the tree.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec

from ledger.errors import DamagedBytesError, LedgerNotFoundError, UndecodableEntryError
from ledger.events import EventCodec
from ledger.frame import (
    FRAME_FOOTER,
    FRAME_HEADER_BYTES,
    Frame,
    SegmentHeader,
    decode_footer,
    decode_header,
    split_run,
)
from ledger.layout import (
    CHECKPOINT_NAME,
    LOCK_NAME,
    MARK_NAME,
    RESTRICTION_NAME,
    SEGMENT_FOLDER,
    SEGMENT_HEADER_BYTES,
    TEMPORARY_SUFFIX,
    TILE_FOLDER,
    parse_segment_name,
    segment_name,
)
from ledger.mark import MARK_BYTES, LeavesPlace, Mark, decode_mark, leaves_after
from ledger.note import VerifierKey, parse_vkey
from ledger.reading import WINDOW_BYTES, FrameReader
from ledger.storage import Storage
from ledger.storage_file import FileStorage
from ledger.tree_check import CheckName, TreeCheck
from ledger.upcasters import Upcasters

_KNOWN_NAMES = (MARK_NAME, LOCK_NAME, SEGMENT_FOLDER, TILE_FOLDER, CHECKPOINT_NAME, RESTRICTION_NAME)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: which `check` failed, on which file (`subject`, relative to the ledger), where, and `detail`."""

    check: CheckName
    subject: str
    offset: int
    detail: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a check saw: `events` in whole commits, `segments`, `bytes` of segments, and every fault in file order."""

    events: int
    segments: int
    bytes: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found."""
        return not self.findings


def verify(
    path: str | os.PathLike[str],
    *,
    events: Any = None,
    upcasters: Upcasters | None = None,
    vkey: str | None = None,
    wait_s: float = 10.0,
) -> Verification:
    """Check the ledger in the folder `path`; given its union of `events`, also that each of them decodes and lifts.

    Given the verifier key `vkey` of its signer, there must be a checkpoint with its signature; without one only the form
    of the checkpoint is checked, and whether the log begins with what it says. Memory is constant.

    Holds the writer lock for a moment to see where the log ends, so that a writer at work is not taken for damage.
    Raises LedgerNotFoundError, EventUnionError, UpcasterError, InvalidKeyError, BusyError, StorageError; damage is
    reported, never raised.
    """
    codec = None if events is None else EventCodec(events, upcasters)
    key = None if vkey is None else parse_vkey(vkey)
    storage = FileStorage(Path(path), read_only=True)
    try:
        if storage.size(MARK_NAME) is None and not storage.names(SEGMENT_FOLDER):
            raise LedgerNotFoundError(storage.path)
        check = _Check(storage, codec, key)
        with storage.lock(wait_s):
            check.look()
        return check.run()
    finally:
        storage.close()


class _Check:
    """One run over one ledger; gathers findings."""

    def __init__(self, storage: Storage, codec: EventCodec | None, key: VerifierKey | None) -> None:
        self.storage = storage
        self.codec = codec
        self.findings: list[Finding] = []
        self.mark: Mark | None = None
        self.sizes: dict[int, int] = {}
        self.events = 0
        self.tree = TreeCheck(storage, self.find, key)
        self.leaves = LeavesPlace(0, 0, SEGMENT_HEADER_BYTES)
        self.leaves_at_mark = self.leaves

    def look(self) -> None:
        """Note what is there at one moment; whatever is appended later is not looked at."""
        for name in self._names(""):
            if name not in _KNOWN_NAMES:
                self.find("layout", name, 0, "this file is no part of a ledger")
        for name in self._names(SEGMENT_FOLDER):
            first = parse_segment_name(name)
            if first is None:
                self.find("layout", name, 0, "this file is no segment")
            else:
                self.sizes[first] = self.storage.size(name) or 0
        if self.storage.size(LOCK_NAME):
            self.find("layout", LOCK_NAME, 0, "the lock file is never written, but holds bytes")
        self._look_at_mark()
        self.tree.look(self.mark)

    def _names(self, folder: str) -> list[str]:
        """List a folder without what a crash left unfinished there, which counts for nothing."""
        return [name for name in self.storage.names(folder) if not name.endswith(TEMPORARY_SUFFIX)]

    def _look_at_mark(self) -> None:
        size = self.storage.size(MARK_NAME)
        if size is None:
            self.find("layout", MARK_NAME, 0, "the mark is missing")
            return
        reading = decode_mark(self.storage.read(MARK_NAME, 0, MARK_BYTES))
        for damage in reading.damage:
            self.find("mark", MARK_NAME, damage.offset, damage.reason)
        if size > MARK_BYTES:
            self.find("mark", MARK_NAME, MARK_BYTES, f"{size - MARK_BYTES} bytes too many")
        self.mark = reading.newest

    def run(self) -> Verification:
        """Check all segments in order, then what the mark says against what was found."""
        header: SegmentHeader | None = None
        end = (0, 0)
        for first in sorted(self.sizes):
            header = self._header(first, header, end)
            end = self._frames(header, self.sizes[first])
        self.tree.finish()
        self._against_mark(header, end)
        findings = tuple(sorted(self.findings, key=lambda one: (one.subject, one.offset)))
        return Verification(
            events=self.events, segments=len(self.sizes), bytes=sum(self.sizes.values()), findings=findings
        )

    def find(self, check: CheckName, subject: str, offset: int, detail: str) -> None:
        """Note one fault."""
        self.findings.append(Finding(check=check, subject=subject, offset=offset, detail=detail))

    def _header(self, first: int, before: SegmentHeader | None, end: tuple[int, int]) -> SegmentHeader:
        """Check the header of the segment named `first`, which should follow `before`; `end` is its (index, offset).

        Returns the header to check frames by: what was expected where the file's own cannot be read.
        """
        name = segment_name(first)
        number = before.number + 1 if before else 0
        if first != end[0]:
            detail = f"the segment begins at event {first}, but the one before ends at {end[0]}: a segment is missing"
            self.find("layout", name, 0, detail)
            self.tree.lose()
        ledger_id = self.mark.ledger_id if self.mark else before.ledger_id if before else None
        try:
            found = decode_header(self.storage.read(name, 0, SEGMENT_HEADER_BYTES))
        except DamagedBytesError as damage:
            self.find("header", name, damage.offset, damage.reason)
            return SegmentHeader(ledger_id or b"", number, first)
        if self.tree.root not in (None, found.root):
            self.find("header", name, 0, "the header names another root than the entries before it give")
        if found[:3] != (ledger_id or found.ledger_id, number, first):
            self.find("header", name, 0, f"the header says ledger {found.ledger_id.hex()}, segment {found.number}")
        return found._replace(first_index=first)

    def _frames(self, header: SegmentHeader, size: int) -> tuple[int, int]:
        """Check every frame of a segment; returns the (index, offset) at which the whole commits end."""
        name = segment_name(header.first_index)
        reader = FrameReader(self.storage, header, size)
        offset, index = SEGMENT_HEADER_BYTES, header.first_index
        end = (index, min(offset, size))
        frame: Frame | None = None
        while offset < size:
            try:
                frame = reader.frame_at(offset)
            except DamagedBytesError as damage:
                if not self._above_mark(header, offset):
                    self.find("frame", name, offset, damage.reason)
                self.tree.lose()
                offset = reader.next_whole(offset + 1, index) or size
                continue
            if frame.first_index != index:
                self.find("order", name, offset, f"a commit of event {frame.first_index} where {index} is due")
                self.tree.lose()
            if frame.kind == FRAME_FOOTER:
                self._footer(header, offset, frame, size)
            else:
                self._entries(name, offset, frame)
            offset, index = offset + frame.size, frame.first_index + frame.event_count
            self._follow_leaves(header.first_index, frame, offset)
            end = (index, offset)
        if header.first_index != max(self.sizes) and (frame is None or frame.kind != FRAME_FOOTER):
            self.find("footer", name, size, "the segment is sealed, but its footer is missing")
        return end

    def _footer(self, header: SegmentHeader, offset: int, frame: Frame, size: int) -> None:
        """Check the footer at `offset`: it must be the last of its segment, and say what the segment holds."""
        name = segment_name(header.first_index)
        footer = decode_footer(frame)
        digest = hashlib.sha256()
        for at in range(0, offset, WINDOW_BYTES):
            digest.update(self.storage.read(name, at, min(WINDOW_BYTES, offset - at)))
        if header.first_index == max(self.sizes) and not self._above_mark(header, offset):
            self.find("footer", name, offset, "a footer in a segment that is not sealed")
        if offset + frame.size != size:
            self.find("footer", name, offset, f"{size - offset - frame.size} bytes after the footer")
        if footer.event_count != frame.first_index - header.first_index:
            self.find("footer", name, offset, f"the footer counts {footer.event_count} events")
        if footer.sha256 != digest.digest():
            self.find("footer", name, offset, "the bytes of the segment do not have the SHA-256 of its footer")
        if self.tree.root not in (None, footer.root):
            self.find("footer", name, offset, "the footer names another root than the entries give")

    def _follow_leaves(self, segment: int, frame: Frame, end: int) -> None:
        """Keep up with what the mark should say about the leaves of the unfinished tile."""
        if frame.kind == FRAME_FOOTER:
            return
        commit = LeavesPlace(segment, frame.first_index, end - frame.size)
        size = frame.first_index + frame.event_count
        self.leaves = leaves_after(self.leaves, commit, size, end)
        if self.mark is not None and size == self.mark.size:
            self.leaves_at_mark = self.leaves

    def _above_mark(self, header: SegmentHeader, offset: int) -> bool:
        """Tell whether damage at `offset` is a torn tail, which `_against_mark` reports."""
        mark = self.mark
        return mark is not None and header.first_index == mark.segment_first_index and offset >= mark.end_offset

    def _entries(self, name: str, offset: int, frame: Frame) -> None:
        """Check the entry run of a whole commit, and its events when the union is known."""
        self.events += frame.event_count
        body = offset + FRAME_HEADER_BYTES
        try:
            entries = split_run(frame.body, frame.event_count)
        except DamagedBytesError as damage:
            self.find("entry", name, body + damage.offset, damage.reason)
            self.tree.lose()
            return
        self.tree.add(entries)
        if self.codec is None:
            return
        for position, entry in enumerate(entries):
            try:
                self.codec.decode([entry])
            except UndecodableEntryError as error:
                self.find("event", name, body, f"event {frame.first_index + position}: {error.reason}")
            body += 2 + len(entry)

    def _against_mark(self, last: SegmentHeader | None, end: tuple[int, int]) -> None:
        """Compare the end that was found with the end that the mark says."""
        mark = self.mark
        if mark is None:
            return
        newest = segment_name(mark.segment_first_index)
        size = self.sizes.get(mark.segment_first_index)
        if size is None:
            self.find("layout", newest, 0, "the newest segment is missing")
            return
        if size < mark.end_offset:
            self.find("length", newest, size, f"{mark.end_offset - size} durable bytes are missing")
        if size > mark.end_offset:
            self.find(
                "length",
                newest,
                mark.end_offset,
                f"{size - mark.end_offset} bytes above the mark, left by a crash: the next writer repairs it",
            )
        if last is None:
            return
        if last.first_index != mark.segment_first_index:
            self.find("layout", segment_name(last.first_index), 0, "this segment lies above the mark")
        elif size == mark.end_offset and mark.tiled > mark.size:
            self.find("mark", MARK_NAME, 0, f"the mark counts tiles over {mark.tiled} events, of {mark.size}")
        elif size == mark.end_offset and mark.size == end[0] and self.tree.root and self.leaves_at_mark != mark[-3:]:
            self.find("mark", MARK_NAME, 0, "the mark says wrongly where the unfinished tile begins")
        elif size == mark.end_offset and (end, last.number) != ((mark.size, mark.end_offset), mark.segment):
            detail = f"the commits end at event {end[0]}, byte {end[1]}; the mark says {mark.size}, {mark.end_offset}"
            self.find("length", newest, end[1], detail)
