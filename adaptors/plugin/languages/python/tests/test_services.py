"""What goes wrong between a server and a store."""
import unittest

import grpc

from restspace_plugin import (Body, BrokenBody, Condition, ConfigFault, Document, Key, PluginError, escape_name,
                              position, position_after, unescape_name)
from restspace_plugin import adaptor_pb2 as wire
from restspace_plugin.config import decode
from restspace_plugin.errors import status_of
from restspace_plugin.services import PluginService, StoreService
from store import Store


class Context:
    """A call that goes on."""

    def is_active(self):
        return True


def upload(*parts, size=-1):
    """The messages of an upload: a head, and chunks, and None for the end."""
    yield wire.WriteRequest(head=wire.WriteHead(key=wire.Key(segments=['a']), size=size))
    for part in parts:
        yield wire.WriteRequest(end=wire.End()) if part is None else wire.WriteRequest(chunk=part)


class TestUploads(unittest.TestCase):
    def setUp(self):
        self.store = Store()
        self.service = StoreService(self.store)

    def test_whole(self):
        reply = self.service.Write(upload(b'ab', b'c', None, size=3), Context())
        self.assertEqual((3, True), (reply.info.size, reply.created))
        self.assertEqual(b'abc', self.store.get(('a',), False).body)

    def test_broken(self):
        def cancelled():
            yield from upload(b'ab')
            raise grpc.RpcError()

        for what, messages in {
            'without its end': upload(b'abc', size=3),
            'without its end, of unknown size': upload(b'abc'),
            'too short': upload(b'ab', None, size=3),
            'too long': upload(b'abcd', None, size=3),
            'a second head': (m for _ in range(2) for m in upload(b'ab')),
            'cancelled': cancelled(),
            'no head': iter([wire.WriteRequest(chunk=b'abc')]),
            'nothing': iter([]),
        }.items():
            with self.subTest(what), self.assertRaises(BrokenBody):
                self.service.Write(messages, Context())
            self.assertEqual([], self.store.list((), '', 0), what)

    def test_body_that_put_does_not_read(self):
        self.store.put = lambda key, body, condition: Document(0, 'x', None)
        with self.assertRaisesRegex(PluginError, 'before it had read'):
            self.service.Write(upload(b'abc', None), Context())


class TestDownloads(unittest.TestCase):
    def read(self, document, **asked):
        store = Store()
        store.get = lambda key, meta: document
        return list(StoreService(store).Read(wire.GetRequest(key=wire.Key(segments=['a']), **asked), Context()))

    def test_parts_of_a_function(self):
        data = bytes(range(100)) * 10_000
        closed = []
        document = Document(len(data), 'x', None, lambda start, length: [data[start:start + length]], close=lambda: closed.append(1))
        head, *chunks, end = self.read(document, range=wire.Range(first=5, last=999_998))
        self.assertEqual(999_994, head.head.length)
        self.assertTrue(end.HasField('end'))
        self.assertEqual(data[5:999_999], b''.join(c.chunk for c in chunks))
        self.assertEqual([1], closed)

    def test_other_bytes_than_are_said(self):
        for given in (b'', b'12', b'1234'):
            with self.subTest(given), self.assertRaises(PluginError):
                self.read(Document(3, 'x', None, lambda start, length: [given]))


class TestConfig(unittest.TestCase):
    keys = {'path': Key(str, required=True, doc='a path'), 'n': Key(int, default=3), 'on': Key(bool), 'rate': Key(float)}

    def test_faults(self):
        for text, want in {
            b'{"path": "x"}': [],
            b'{"path": "x", "n": 1, "on": false, "rate": 2}': [],
            b'{}': [('', 'there is no "path": write a path')],
            b'[]': [('', 'this is a list: write an object')],
            b'{"path": null, "n": true}': [('/path', 'this is null: write a string'), ('/n', 'this is true: write a whole number')],
            b'{"path": "x", "n": 1.5}': [('/n', 'this is a number: write a whole number')],
            b'{"path": "x", "a/b": 1}': [('/a~1b', 'unknown key "a/b": the keys are n, on, path, rate')],
        }.items():
            _, faults = decode(text, self.keys)
            self.assertEqual(want, [(f.pointer, str(f)) for f in faults], text)
        self.assertEqual(3, decode(b'{"path": "x"}', self.keys)[0]['n'])

    def test_open(self):
        opened = []
        store = Store()
        store.open = opened.append
        plugin = PluginService(store)
        config = wire.Config(interface='Store', json=b'{"maxDocuments": -1}')
        self.assertEqual('/maxDocuments', plugin.Check(config, None).faults[0].pointer)
        self.assertEqual(1, len(plugin.Open(config, None).faults))
        config.json = b'{}'
        self.assertEqual(0, len(plugin.Open(config, None).faults))
        self.assertEqual([{'maxDocuments': 0}], opened)
        with self.assertRaises(PluginError):
            plugin.Open(config, None)

    def test_fault_of_open(self):
        def refuse(config):
            raise ConfigFault('/maxDocuments', 'no')
        store = Store()
        store.open = refuse
        self.assertEqual('no', PluginService(store).Open(wire.Config(interface='Store'), None).faults[0].message)


class TestNames(unittest.TestCase):
    def test_escape(self):
        for segment, name in {
            'a b': 'a b', 'a ': 'a%20', ' a': ' a', '.': '%2E', '..': '%2E%2E', '...': '%2E.%2E', 'a/b': 'a%2Fb', '100%': '100%25',
            'a\\b': 'a%5Cb', '\0\x7f': '%00%7F', 'é🙂': 'é🙂', '%2F': '%252F',
        }.items():
            self.assertEqual(name, escape_name(segment))
            self.assertEqual(segment, unescape_name(name))

    def test_position(self):
        self.assertEqual(b'a/', position('a', True))
        self.assertEqual(b'a%2F', position('a/'))
        self.assertEqual(b'a/', position_after('a/'))


class TestErrors(unittest.TestCase):
    def test_codes(self):
        self.assertEqual(grpc.StatusCode.RESOURCE_EXHAUSTED, status_of(OSError(28, 'full'))[0])
        self.assertEqual(grpc.StatusCode.PERMISSION_DENIED, status_of(OSError(30, 'read-only'))[0])

    def test_body_of_bytes(self):
        self.assertEqual(b'ab', Body([b'a', b'b'], 2).bytes())
        self.assertTrue(Condition().holds(None))
