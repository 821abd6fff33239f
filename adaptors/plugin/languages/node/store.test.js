// node --test runs this. "restspace plugin test" tests the rest of the contract.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Body, ConditionFailed, Full, NotExist } from 'restspace-plugin';

import { Store } from './store.js';

const always = { exists: false, absent: false, match: null, noneMatch: null, unmodifiedSince: null };
const put = (store, key, text, condition = always) => {
  const bytes = Buffer.from(text);
  return store.put(key, new Body([bytes], bytes.length), condition, { signal: new AbortController().signal });
};

test('what is put comes back until it is deleted', async () => {
  const store = new Store();
  const { created, etag } = await put(store, ['people', 'ann'], '{}');
  assert.ok(created);
  const doc = await store.get(['people', 'ann']);
  assert.equal(doc.body.toString(), '{}');
  assert.equal(doc.etag, etag);
  assert.deepEqual(store.list([]), [{ name: 'people', dir: true }]);
  store.delete(['people', 'ann'], always);
  assert.throws(() => store.get(['people', 'ann']), NotExist);
});

test('a condition that does not hold changes nothing', async () => {
  const store = new Store();
  const { etag } = await put(store, ['a'], 'old');
  await put(store, ['a'], 'new', { ...always, match: [etag] });
  await assert.rejects(put(store, ['a'], 'newer', { ...always, match: [etag] }), ConditionFailed);
  await assert.rejects(put(store, ['a'], 'newer', { ...always, absent: true }), ConditionFailed);
  assert.equal(store.get(['a']).body.toString(), 'new');
});

test('there are no more documents than the config says', async () => {
  const store = new Store();
  store.open({ maxDocuments: 1 });
  await put(store, ['a'], '1');
  await put(store, ['a'], '2');
  await assert.rejects(put(store, ['b'], '1'), Full);
});
