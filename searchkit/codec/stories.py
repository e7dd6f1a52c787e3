"""What a segment knows of stories, by document; absent where the schema has none.

===================  =====================================================================================
stories.signatures   uint16[docs * BINS]: see :mod:`searchkit.indexing.signatures`; zeros where there is no word
stories.ids          uint64[docs]: the number of the document's story; a merge copies it
===================  =====================================================================================
"""

from __future__ import annotations

from searchkit.codec.layout import Array, FileWriter, MappedFile

#: Numbers of a signature.
BINS = 8
_SIGNATURES, _IDS = "stories.signatures", "stories.ids"


def write_stories(writer: FileWriter, signatures: Array, ids: Array) -> None:
    """Add the sections.

    Args:
        signatures: uint16[docs, BINS].
        ids: uint64[docs].
    """
    writer.add(_SIGNATURES, signatures.reshape(-1))
    writer.add(_IDS, ids)


class Stories:
    """The sections of a mapped segment.

    Attributes:
        signatures: uint16[docs, BINS].
        ids: uint64[docs].
    """

    def __init__(self, file: MappedFile, docs: int) -> None:
        self.signatures: Array = file.array(_SIGNATURES, "<u2")
        self.ids: Array = file.array(_IDS, "<u8")
        for name, array, width in ((_SIGNATURES, self.signatures, BINS), (_IDS, self.ids, 1)):
            if len(array) != docs * width:
                raise file.corrupt("wrong length", name)
        self.signatures = self.signatures.reshape(-1, BINS)
