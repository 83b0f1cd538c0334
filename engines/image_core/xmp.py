"""What does a file say about itself? A short XMP packet (ISO 16684-1:2019) that names the artifact; no dates, the same bytes every time."""

from xml.sax.saxutils import quoteattr

ARTIFACT_URN = "urn:impasto:artifact:"
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" dc:identifier={urn} xmp:CreatorTool="impasto" xmpMM:DocumentID={urn}/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
"""The id is the one that ISO 16684-1 7.3.2 gives every packet; `end="r"` says that nobody may write into it in place."""


def packet(artifact_id: str) -> bytes:
    """Return the packet of an artifact's file, at most 600 bytes of UTF-8; none at all for no id.

    `dc:identifier` is what readers show; `xmpMM:DocumentID` is what editors keep when they save the file again (ISO 16684-2:2014).
    """
    if not artifact_id:
        return b""
    return _PACKET.format(urn=quoteattr(ARTIFACT_URN + artifact_id)).encode()
