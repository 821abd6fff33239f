// What a server does with a plugin, as far as the tests need it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

import { selfSigned } from '../certificate.js';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const { Plugin, Store } = loadPackageDefinition(
  loadSync(file('../adaptor.proto'), { longs: Number, defaults: true, oneofs: true }),
).restspace.adaptor.v1;

/** Starts the plugin odd.js, and ends it after the test. */
export async function start(t, env = {}) {
  const own = await selfSigned();
  const dir = mkdtempSync(join(tmpdir(), 'plugin-test'));
  const child = spawn(process.execPath, [file('odd.js')], {
    env: { RESTSPACE_PLUGIN: 'adaptor', PLUGIN_CLIENT_CERT: own.cert.toString(), PLUGIN_UNIX_SOCKET_DIR: dir, ...env },
  });
  const host = { child, dir, stderr: '', ended: once(child, 'exit') };
  child.stderr.setEncoding('utf8').on('data', (text) => { host.stderr += text; });
  t.after(async () => {
    host.plugin?.close();
    host.store?.close();
    child.kill('SIGKILL');
    await host.ended;
    rmSync(dir, { recursive: true });
  });
  const line = await Promise.race([once(createInterface(child.stdout), 'line').then(([text]) => text), host.ended]);
  if (typeof line !== 'string') return host;
  [host.core, host.version, host.network, host.socket, host.protocol, host.certificate] = line.split('|');
  host.connect = (cert, key) => {
    const pem = `-----BEGIN CERTIFICATE-----\n${host.certificate}${'='.repeat(-host.certificate.length & 3)}\n-----END CERTIFICATE-----\n`;
    const secure = credentials.createSsl(Buffer.from(pem), key, cert);
    const options = { 'grpc.ssl_target_name_override': 'localhost' };
    return { plugin: new Plugin(`unix:${host.socket}`, secure, options), store: new Store(`unix:${host.socket}`, secure, options) };
  };
  return Object.assign(host, host.connect(own.cert, own.key));
}

/** Starts it and opens its store. */
export async function open(t) {
  const host = await start(t);
  const { faults } = await ask(host.plugin, 'Open', { interface: 'Store', json: Buffer.from('{"size": 1}') });
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
  return host;
}

/** Makes a call that one message asks for and one answers. */
export const ask = (client, method, request = {}) => new Promise((resolve, reject) => {
  client[method](request, (err, reply) => (err ? reject(err) : resolve(reply)));
});

/** Uploads the parts of a stream. */
export const write = (store, ...parts) => new Promise((resolve, reject) => {
  const call = store.Write((err, reply) => (err ? reject(err) : resolve(reply)));
  for (const part of parts) call.write(part);
  call.end();
});

/** The messages of a stream that answers. */
export async function all(call) {
  const messages = [];
  for await (const message of call) messages.push(message);
  return messages;
}

export const key = (...segments) => ({ segments });
export const head = (name, size) => ({ head: { key: key(name), size } });
export const chunk = (text) => ({ chunk: Buffer.from(text) });
export const end = { end: {} };
