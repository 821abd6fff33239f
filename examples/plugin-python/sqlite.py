"""Keeps documents in a database of SQLite."""
import datetime
import sqlite3
import threading
import time
from contextlib import contextmanager

from restspace_plugin import (Busy, ConditionFailed, ConfigFault, Document, Entry, Exists, Full, Key, NotExist,
                              ReadOnly, escape_name, position_after, unescape_name)

# A path is the escaped names with slashes between them. Text is compared by its
# bytes, so that the paths below a directory are in the order of its listing.
SCHEMA = '''
    CREATE TABLE IF NOT EXISTS document (path TEXT PRIMARY KEY, etag INTEGER, time INTEGER, data BLOB) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS revision (last INTEGER);
    INSERT INTO revision SELECT 0 WHERE NOT EXISTS (SELECT * FROM revision);
'''


class Store:
    name = 'sqlite'
    version = '1.0.0'
    config = {'file': Key(str, required=True, doc='the file of the database, which is made if it is missing')}

    def __init__(self):
        self._lock = threading.Lock()  # one connection, one transaction at a time
        self._db = None

    def check(self, config):
        if config['file'] == '':
            yield ConfigFault('/file', 'this is empty: write the path of a file')

    def open(self, config):
        self._db = sqlite3.connect(config['file'], timeout=5, isolation_level=None, check_same_thread=False)
        self._db.execute('PRAGMA journal_mode = WAL')
        self._db.execute('PRAGMA synchronous = FULL')  # what was answered survives a power cut
        self._db.executescript(SCHEMA)

    def close(self):
        with self._lock:
            if self._db:
                self._db.close()

    def get(self, key, meta):
        with self._lock, understood():
            document = self._facts(path_of(key))
            if document is None:
                raise NotExist()
            if not meta:
                (document.body,) = self._db.execute('SELECT data FROM document WHERE path = ?', (path_of(key),)).fetchone()
        return document

    def put(self, key, body, condition):
        data = body.bytes()
        path = path_of(key)
        with self._writing():
            old = self._facts(path)
            if self._next(path + '/', path + '0') or any(self._facts(path_of(key[:i])) for i in range(1, len(key))):
                raise Exists()
            if not condition.holds(old):
                raise ConditionFailed()
            now = time.time_ns() // 1000
            (etag,) = self._db.execute('UPDATE revision SET last = max(last + 1, ?) RETURNING last', (now,)).fetchone()
            self._db.execute('REPLACE INTO document VALUES (?, ?, ?, ?)', (path, etag, now, data))
        return Document(len(data), str(etag), moment(now), created=old is None)

    def delete(self, key, condition):
        path = path_of(key)
        with self._writing():
            old = self._facts(path)
            if old is None:
                raise NotExist()
            if not condition.holds(old):
                raise ConditionFailed()
            self._db.execute('DELETE FROM document WHERE path = ?', (path,))

    def list(self, prefix, after, page):
        """Goes from entry to entry, over all that is below a directory."""
        start = path_of(prefix) + '/' if prefix else ''
        end = path_of(prefix) + '0' if prefix else b''  # "0" comes after "/", and a BLOB after all text
        at = start + position_after(after).decode()
        while True:
            at = at[:-1] + '0' if at.endswith('/') and at != start else at + '\0'
            with self._lock, understood():
                row = self._next(at, end)
            if row is None:
                return
            name, slash, _ = row[0][len(start):].partition('/')
            at = start + name + slash
            facts = {} if slash else {'size': row[3], 'etag': str(row[1]), 'mod_time': moment(row[2])}
            yield Entry(unescape_name(name), dir=bool(slash), **facts)

    def _next(self, start, end):
        """Returns the facts of the first document from a path on, or None."""
        return self._db.execute('SELECT path, etag, time, length(data) FROM document WHERE path >= ? AND path < ?'
                                ' ORDER BY path LIMIT 1', (start, end)).fetchone()

    def _facts(self, path):
        """Returns the facts of a document, or None."""
        row = self._next(path, path + '\0')
        return Document(row[3], str(row[1]), moment(row[2])) if row else None

    @contextmanager
    def _writing(self):
        """A transaction in which nobody else writes."""
        with self._lock, understood():
            self._db.execute('BEGIN IMMEDIATE')
            with self._db:  # commits, or takes back
                yield


def path_of(key):
    return '/'.join(escape_name(segment) for segment in key)


def moment(micros):
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=micros)


@contextmanager
def understood():
    """Says what the errors of SQLite mean to the server."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        for part, meaning in (('locked', Busy), ('disk is full', Full), ('readonly', ReadOnly)):
            if part in text:
                raise meaning(text) from error
        raise
