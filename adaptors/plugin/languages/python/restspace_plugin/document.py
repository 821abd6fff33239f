"""What a store is given and returns."""
import datetime
import math
from dataclasses import dataclass
from typing import Callable, Iterable, Optional, Union

from .errors import BrokenBody


@dataclass
class Document:
    """The facts of a document, and its body.

    body is bytes, or a function of a start and a length that returns an iterable
    of bytes: from it come whole bodies and ranges. close is called when the
    document is done with."""
    size: int
    etag: str                    # never the same for two contents of a key
    mod_time: datetime.datetime  # with a time zone
    body: Union[bytes, Callable[[int, int], Iterable[bytes]], None] = None
    created: bool = False        # by put: there was none before
    close: Optional[Callable[[], None]] = None


@dataclass
class Entry:
    """What is one level below a prefix. Facts are for documents, where they are cheap."""
    name: str
    dir: bool = False
    size: int = -1
    etag: str = ''
    mod_time: Optional[datetime.datetime] = None


@dataclass
class Condition:
    """What must hold for a write (RFC 9110 section 13.1)."""
    exists: bool = False
    absent: bool = False
    match: Optional[list] = None       # ETags; an empty list holds for none
    none_match: Optional[list] = None
    unmodified_since: Optional[int] = None  # seconds since 1970

    def holds(self, document) -> bool:
        """Says whether it holds for a document, or for None where there is none.
        Nothing else may write to the key between that and the write."""
        if document is None:
            return not self.exists and self.match is None and self.unmodified_since is None
        if self.absent or (self.match is not None and document.etag not in self.match):
            return False
        if self.none_match is not None and document.etag in self.none_match:
            return False
        if self.exists or self.match is not None or self.unmodified_since is None:
            return True
        return math.floor(document.mod_time.timestamp()) <= self.unmodified_since


class Body:
    """The body of a put: an iterable of bytes, read once.

    It raises where the upload breaks off, is cancelled, or has another number of
    bytes than it says: then nothing may have changed."""

    def __init__(self, chunks: Iterable[bytes], size: int):
        self.size = size  # in bytes; -1 is not known
        self.ended = False
        self._chunks = chunks

    def __iter__(self):
        count = 0
        for chunk in self._chunks:
            count += len(chunk)
            if 0 <= self.size < count:
                break
            yield chunk
        if self.size not in (-1, count):
            raise BrokenBody(f'the body has not the {self.size} bytes that it says')
        self.ended = True

    def bytes(self) -> bytes:
        """Returns all of it."""
        return b''.join(self)
