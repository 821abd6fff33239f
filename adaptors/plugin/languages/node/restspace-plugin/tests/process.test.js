import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { status } from '@grpc/grpc-js';

import { selfSigned } from '../certificate.js';
import { ask, key, open, start } from './host.js';

const odd = fileURLToPath(new URL('odd.js', import.meta.url));

test('the first line says where the plugin listens', async (t) => {
  const host = await start(t);
  assert.deepEqual([host.core, host.version, host.network, host.protocol], ['1', '1', 'unix', 'grpc']);
  assert.ok(host.socket.startsWith(`${host.dir}/`));
  assert.doesNotMatch(host.certificate, /=/);
  const certificate = new X509Certificate(Buffer.from(host.certificate, 'base64'));
  assert.equal(certificate.subjectAltName, 'DNS:localhost');
  assert.ok(certificate.ca && certificate.verify(certificate.publicKey));
});

test('nobody but the server that started it can call a plugin', async (t) => {
  const host = await start(t);
  const other = await selfSigned();
  for (const [cert, key] of [[other.cert, other.key], [null, null]]) {
    const { plugin } = host.connect(cert, key);
    await assert.rejects(ask(plugin, 'Describe'), { code: status.UNAVAILABLE });
    plugin.close();
  }
  await ask(host.plugin, 'Describe');
});

for (const name of ['well', 'fails', 'hangs']) {
  test(`a plugin ends with its standard input, though its store closes: ${name}`, async (t) => {
    const host = await open(t);
    await ask(host.store, 'Put', { key: key(name), data: Buffer.from('') });
    host.child.stdin.end();
    assert.deepEqual(await host.ended, [0, null]);
    assert.match(host.stderr, /^closing$/m);
    assert.equal(host.stderr.includes('Error: not closed'), name === 'fails');
  });
}

test('a plugin does not end for a signal that its server gets too', async (t) => {
  const host = await open(t);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) host.child.kill(signal);
  assert.deepEqual(await ask(host.plugin, 'Health'), { problem: '' });
});

test('a plugin that is started by hand says what it is', () => {
  const { status: code, stdout, stderr } = spawnSync(process.execPath, [odd], { env: {}, encoding: 'utf8' });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^odd\.js is an adaptor plugin of restspace: .*"adaptor": "\.\/odd\.js".*restspace plugin test \.\/odd\.js\n$/s);
});

test('a plugin whose store has not all of its methods says which are missing', () => {
  const library = new URL('../restspace-plugin.js', import.meta.url);
  for (const [store, missing] of [['{ get() {}, delete() {}, list: 1 }', 'put, list'], ['undefined', 'get, put, delete, list']]) {
    const program = `import { serve } from ${JSON.stringify(library)}; await serve(${store});`;
    const { status: code, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env: { RESTSPACE_PLUGIN: 'adaptor' }, encoding: 'utf8',
    });
    assert.deepEqual([code, stdout, stderr], [1, '', `the store that serve() was given has no method ${missing}: a store has get, put, delete, list\n`]);
  }
});

test('a plugin serves nobody without TLS', async (t) => {
  const host = await start(t, { PLUGIN_CLIENT_CERT: '' });
  assert.deepEqual(await host.ended, [1, null]);
  assert.match(host.stderr, /^PLUGIN_CLIENT_CERT is not set/);
});

test('a plugin describes itself', async (t) => {
  const { plugin } = await start(t);
  assert.deepEqual(await ask(plugin, 'Describe'), { interfaces: ['Store'], name: 'odd', version: '1.2.3', doc: 'For tests.' });
});

test('what is printed goes to standard error', async (t) => {
  const host = await open(t);
  assert.equal(host.stderr, 'open 1 usual\n');
});
