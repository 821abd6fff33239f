import assert from 'node:assert/strict';
import { test } from 'node:test';

import { status } from '@grpc/grpc-js';

import { ask, key, open, start } from './host.js';

const config = (value) => ({ interface: 'Store', json: Buffer.from(JSON.stringify(value)) });

test('what is wrong with a config is told with its place', async (t) => {
  const { plugin } = await start(t);
  const size = { pointer: '', message: 'there is no "size": write how large' };
  const rows = [
    [{ size: 1, list: [], map: {}, on: true, mode: '' }, []],
    [{}, [size]],
    [{ size: '1' }, [{ pointer: '/size', message: 'this is a string: write a number' }]],
    [{ size: null }, [{ pointer: '/size', message: 'this is null: write a number' }]],
    [{ size: 1, mode: true }, [{ pointer: '/mode', message: 'this is true: write a string' }]],
    [{ size: 1, list: {} }, [{ pointer: '/list', message: 'this is an object: write a list' }]],
    [{ size: 1, map: [] }, [{ pointer: '/map', message: 'this is a list: write an object' }]],
    [{ size: 1, on: 0 }, [{ pointer: '/on', message: 'this is a number: write true or false' }]],
    [{ 'a/b~': 1 }, [{ pointer: '/a~1b~0', message: 'unknown key "a/b~": the keys are list, map, mode, on, size' }, size]],
    [{ size: 1, toString: 1 }, [{ pointer: '/toString', message: 'unknown key "toString": the keys are list, map, mode, on, size' }]],
    [{ size: -1, mode: 'odd' }, [{ pointer: '/size', message: 'write 0 or more' }, { pointer: '/mode', message: 'write another' }]],
    [[], [{ pointer: '', message: 'this is a list: write an object' }]],
  ];
  for (const [value, faults] of rows) {
    assert.deepEqual(await ask(plugin, 'Check', config(value)), { faults }, JSON.stringify(value));
    if (faults.length > 0) assert.deepEqual(await ask(plugin, 'Open', config(value)), { faults }, JSON.stringify(value));
  }
});

test('a store is open once, and after an Open that went well', async (t) => {
  const { plugin, store } = await start(t);
  const early = ask(store, 'Get', { key: key('a') });
  await assert.rejects(early, { code: status.INTERNAL, details: 'the Store is not open: call Open first' });
  assert.deepEqual((await ask(plugin, 'Open', config({ size: 1, mode: 'refused' }))).faults, [{ pointer: '/mode', message: 'not this one' }]);
  await assert.rejects(ask(plugin, 'Open', config({ size: 1, mode: 'down' })), { code: status.UNKNOWN, details: 'nobody is there' });
  assert.deepEqual(await ask(plugin, 'Open', config({ size: 1 })), { faults: [] });
  await assert.rejects(ask(plugin, 'Open', config({ size: 1 })), { code: status.INTERNAL, details: 'the Store is open already' });
  await assert.rejects(ask(store, 'Get', { key: key('a') }), { code: status.NOT_FOUND });
});

test('a plugin of stores is no other', async (t) => {
  const { plugin } = await start(t);
  const mailer = { interface: 'Mailer', json: Buffer.from('{}') };
  await assert.rejects(ask(plugin, 'Check', mailer), { code: status.UNIMPLEMENTED, details: 'this plugin has no Mailer' });
  await assert.rejects(ask(plugin, 'Open', mailer), { code: status.UNIMPLEMENTED });
});

test('health is what the store says', async (t) => {
  const { plugin, store } = await open(t);
  assert.deepEqual(await ask(plugin, 'Health'), { problem: '' });
  await ask(store, 'Put', { key: key('ill'), data: Buffer.from('') });
  assert.deepEqual(await ask(plugin, 'Health'), { problem: 'ill' });
});
