import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { status } from '@grpc/grpc-js';

import { all, ask, chunk, end, head, key, open, write } from './host.js';

const missing = { code: status.NOT_FOUND };

test('an upload is stored when it is whole', async (t) => {
  const { store } = await open(t);
  const { info, created } = await write(store, head('a', 10), chunk('12345'), chunk('67890'), end);
  assert.deepEqual([info.name, info.size, info.etag, created], ['a', 10, 'e', true]);
  assert.deepEqual(info.modTime, { seconds: Date.parse('2026-01-02T03:04:05Z') / 1000, nanos: 678e6 });
  assert.equal((await ask(store, 'Get', { key: key('a'), inline: 100 })).data.toString(), '1234567890');
  assert.equal((await write(store, head('a', -1), end)).created, false);
  assert.equal((await ask(store, 'Get', { key: key('a') })).info.size, 0);
});

test('an upload that is not whole is not stored', async (t) => {
  const { store } = await open(t);
  const rows = [
    ['the stream broke off before its end', head('a', 10), chunk('1234567890')],
    ['the stream broke off before its end', head('a', -1), chunk('12345')],
    ['the stream broke off before its end', head('a', 0)],
    ['the body ended after 5 of 10 bytes', head('a', 10), chunk('12345'), end],
    ['the body ended after 0 of 10 bytes', head('a', 10), end],
    ['the body has more than its 4 bytes', head('a', 4), chunk('12345'), end],
    ['the stream does not have a chunk in its place', head('a', -1), chunk('1'), head('a', -1), end],
    ['the stream does not have a head in its place', chunk('12345'), end],
    ['the stream does not have a head in its place'],
  ];
  for (const [details, ...parts] of rows) {
    await assert.rejects(write(store, ...parts), { code: status.DATA_LOSS, details });
    await assert.rejects(ask(store, 'Get', { key: key('a') }), missing);
  }
});

test('an upload that is cancelled is not stored', async (t) => {
  const { store } = await open(t);
  const puts = async () => JSON.parse((await ask(store, 'Get', { key: key('puts'), inline: 1000 })).data);
  const streams = [[head('a', -1)], [head('a', -1), chunk('12345')], [head('waits', -1), chunk('12345'), end]];
  for (const [i, parts] of streams.entries()) {
    const call = store.Write(() => {});
    for (const part of parts) call.write(part);
    while ((await puts()).begun <= i) await sleep(10);
    call.cancel();
    while ((await puts()).failed <= i) await sleep(10);
  }
  assert.deepEqual(await all(store.List({ prefix: key() })), [{ entries: [] }]);
});

test('a store that does not read an upload fails', async (t) => {
  const { store } = await open(t);
  await assert.rejects(write(store, head('unread', 5), chunk('12345'), end), {
    code: status.INTERNAL, details: 'put returned before it had read the body to its end',
  });
});

test('many large uploads that are refused leave the connection as it was', async (t) => {
  const { store } = await open(t);
  const refused = { head: { key: key('b'), size: -1, condition: { exists: true } } };
  const large = { chunk: Buffer.alloc(1 << 18) };
  for (let i = 0; i < 20; i++) {
    await assert.rejects(write(store, refused, large, large, large, large, end), { code: status.FAILED_PRECONDITION });
    await assert.rejects(write(store, chunk('no head'), large, large, large, large), { code: status.DATA_LOSS });
  }
  await write(store, head('b', -1), large, large, end);
});

test('a body that is not as its facts say has no end', async (t) => {
  const { store } = await open(t);
  for (const [name, code, details] of [
    ['short', status.DATA_LOSS, 'the body of the document ended after 5 of 10 bytes'],
    ['long', status.INTERNAL, 'the body of the document has more than its 4 bytes'],
  ]) {
    await assert.rejects(ask(store, 'Get', { key: key(name), inline: 100 }), { code, details });
    const parts = [];
    const call = store.Read({ key: key(name) }).on('data', (message) => parts.push(message.part));
    const [err] = await once(call, 'error');
    assert.deepEqual([err.code, err.details], [code, details]);
    assert.ok(!parts.includes('end'));
  }
});

test('a body of unknown size comes as a stream, and whole', async (t) => {
  const { store } = await open(t);
  assert.equal((await ask(store, 'Get', { key: key('unknown'), inline: 100 })).large, true);
  const [first, ...rest] = await all(store.Read({ key: key('unknown') }));
  assert.equal(first.head.length, -1);
  assert.deepEqual(rest.map(({ part }) => part), ['chunk', 'chunk', 'end']);
  await assert.rejects(ask(store, 'Get', { key: key('unknown'), range: { first: 0, last: 1 } }), { code: status.UNIMPLEMENTED });
});

test('a download that is cancelled is closed', async (t) => {
  const { store } = await open(t);
  const call = store.Read({ key: key('endless') });
  await once(call, 'data');
  call.cancel();
  await once(call, 'error');
  for (let closed = '0'; closed === '0'; await sleep(10)) {
    closed = (await ask(store, 'Get', { key: key('closed'), inline: 100 })).data.toString();
  }
});

test('what a store says of a document is checked', async (t) => {
  const { store } = await open(t);
  const rows = {
    nothing: 'get returned nothing: where there is no document it has to throw NotExist',
    sizeless: 'get returned the size undefined: it has to be the number of bytes',
    etagless: 'get returned the etag undefined: it has to be a text',
    timed: 'get returned the modTime 1767323045678: it has to be a Date',
    timeless: 'get returned the modTime Invalid Date: it has to be a Date',
  };
  for (const [name, details] of Object.entries(rows)) {
    await assert.rejects(ask(store, 'Get', { key: key(name) }), { code: status.INTERNAL, details });
  }
  await assert.rejects(all(store.List({ prefix: key('timed') })), {
    code: status.INTERNAL, details: 'list returned the modTime 2026-01-02: it has to be a Date',
  });
});

test('errors have the codes of what they mean', async (t) => {
  const host = await open(t);
  const rows = [
    ['none', status.NOT_FOUND, 'there is no such document'],
    ['full', status.RESOURCE_EXHAUSTED, 'no more'],
    ['system', status.RESOURCE_EXHAUSTED, 'EDQUOT: quota'],
    ['missing', status.UNKNOWN, 'ENOENT: no such library'],
    ['bug', status.UNKNOWN, 'of the program'],
    ['long_message', status.UNKNOWN, '🙂'.repeat(2048)],
  ];
  for (const [name, code, details] of rows) {
    await assert.rejects(ask(host.store, 'Get', { key: key(name) }), { code, details });
  }
  assert.match(host.stderr, /TypeError: of the program\n +at .*odd\.js/);
  assert.doesNotMatch(host.stderr, /no more/);
});

test('listings come in pages', async (t) => {
  const { store } = await open(t);
  const pages = await all(store.List({ prefix: key('many') }));
  assert.deepEqual(pages.map(({ entries }) => entries.length), [256, 256, 256, 232]);
  assert.deepEqual(pages[3].entries.at(-1), { name: 'n0999', dir: false, size: -1, modTime: null, etag: '', content: '' });
  await assert.rejects(all(store.List({ prefix: key('breaks') })), { code: status.RESOURCE_EXHAUSTED });
});
