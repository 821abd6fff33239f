"""Keeps documents in memory, until the program ends.

Put what you want to keep them in into the place of the dict, method by method:
restspace_plugin/README.md tells what each is given and returns, and "restspace
plugin test" holds you to it. Calls come side by side, in threads.
"""
import datetime
import sys
import threading
import time
from dataclasses import replace

from restspace_plugin import ConditionFailed, ConfigFault, Document, Entry, Full, Key, NotExist


class Store:
    name = 'mystore'
    version = '0.1.0'

    # What may stand in "adaptorConfig" of services.json.
    config = {'maxDocuments': Key(int, default=0, doc='how many documents there may be; 0 is any number')}

    def __init__(self):
        self._lock = threading.Lock()
        self._documents = {}
        self._revision = time.time_ns()  # so that no ETag comes again after a restart
        self._max = 0

    def check(self, config):
        """Yields what is wrong with a config: "restspace check" prints it with its line."""
        if config['maxDocuments'] < 0:
            yield ConfigFault('/maxDocuments', "there can't be fewer than none: write 0 or more")

    def open(self, config):
        """Opens the store: it is called once, before all else."""
        self._max = config['maxDocuments']
        print('mystore is open for', self._max or 'any number of', 'documents', file=sys.stderr)  # in the server's log

    def get(self, key, meta):
        """Gives the facts of a document, with its body."""
        document = self._documents.get(key)
        if document is None:
            raise NotExist()
        return document

    def put(self, key, body, condition):
        """Stores a document, if the condition holds at that moment."""
        data = body.bytes()  # raises where the body breaks off
        with self._lock:
            old = self._documents.get(key)
            if not condition.holds(old):
                raise ConditionFailed()
            if old is None and 0 < self._max <= len(self._documents):
                raise Full()
            self._revision += 1
            now = datetime.datetime.now(datetime.timezone.utc)
            document = Document(len(data), str(self._revision), now, data)
            self._documents[key] = document
        return replace(document, created=old is None)

    def delete(self, key, condition):
        """Removes a document, if the condition holds at that moment."""
        with self._lock:
            old = self.get(key, True)
            if not condition.holds(old):
                raise ConditionFailed()
            del self._documents[key]

    def list(self, prefix, after, page):
        """Gives what is one level below a prefix: documents and directories, in any order."""
        with self._lock:
            documents = list(self._documents.items())
        entries, depth = {}, len(prefix)
        for key, document in documents:
            if len(key) <= depth or key[:depth] != prefix:
                continue
            if len(key) > depth + 1:
                entries[key[depth], True] = Entry(key[depth], dir=True)
            else:
                entries[key[depth], False] = Entry(key[depth], False, document.size, document.etag, document.mod_time)
        return list(entries.values())
