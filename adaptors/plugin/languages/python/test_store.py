"""python3 -m unittest runs this. "restspace plugin test" tests the rest of the contract."""
import unittest

from restspace_plugin import Body, Condition, ConditionFailed, Entry, Full, NotExist
from store import Store


def put(store, key, text, condition=Condition()):
    data = text.encode()
    return store.put(key, Body([data], len(data)), condition)


class TestStore(unittest.TestCase):
    def test_what_is_put_comes_back_until_it_is_deleted(self):
        store = Store()
        stored = put(store, ('people', 'ann'), '{}')
        self.assertTrue(stored.created)
        document = store.get(('people', 'ann'), False)
        self.assertEqual((b'{}', stored.etag), (document.body, document.etag))
        self.assertEqual([Entry('people', dir=True)], store.list((), '', 0))
        store.delete(('people', 'ann'), Condition())
        with self.assertRaises(NotExist):
            store.get(('people', 'ann'), False)

    def test_a_condition_that_does_not_hold_changes_nothing(self):
        store = Store()
        first = put(store, ('a',), 'old')
        put(store, ('a',), 'new', Condition(match=[first.etag]))
        for condition in (Condition(match=[first.etag]), Condition(absent=True)):
            with self.assertRaises(ConditionFailed):
                put(store, ('a',), 'newer', condition)
        self.assertEqual(b'new', store.get(('a',), False).body)

    def test_there_are_no_more_documents_than_the_config_says(self):
        store = Store()
        store.open({'maxDocuments': 1})
        put(store, ('a',), '1')
        put(store, ('a',), '2')
        with self.assertRaises(Full):
            put(store, ('b',), '1')
