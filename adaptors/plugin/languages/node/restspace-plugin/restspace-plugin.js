/**
 * Makes a storage adaptor of a restspace server out of an object with four
 * methods. README.md tells what they are given and have to return.
 *
 *     #!/usr/bin/env node
 *     import { serve } from 'restspace-plugin';
 *     import { store } from './store.js';
 *
 *     await serve(store);
 */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { finished } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';

import { selfSigned } from './certificate.js';
import { wrong } from './errors.js';
import { pluginService } from './plugin.js';
import { storeService } from './store.js';

export { Body } from './body.js';
export { holds } from './condition.js';
export {
  BadKey, Busy, ConditionFailed, ConfigFault, Exists, Full, NotExist, ReadOnly, Unsupported,
} from './errors.js';
export { escapeName, unescapeName } from './names.js';

const proto = fileURLToPath(new URL('adaptor.proto', import.meta.url));
const maxMessage = 16 << 20;

const methods = ['get', 'put', 'delete', 'list']; // that a store has to have

const closing = 1000; // ms that a store may take to close

/**
 * Serves a store to the server that started this program. Started by anybody
 * else it says what it is, and exits with 1. What is printed, by console.log
 * too, goes to standard error and from there to the server's log: standard
 * output belongs to the protocol.
 *
 * The program ends when its server does, or wants it: the store is closed, in a
 * second at most. SIGTERM, SIGINT and SIGHUP do not end it, since they come to a
 * server and its programs together, and the server has requests to finish.
 */
export async function serve(store) {
  if (process.env.RESTSPACE_PLUGIN !== 'adaptor') refuse(byHand(basename(process.argv[1])));
  const missing = methods.filter((name) => typeof store?.[name] !== 'function');
  if (missing.length > 0) refuse(`the store that serve() was given has no method ${missing.join(', ')}: a store has ${methods.join(', ')}`);
  console.log = console.info = console.debug = console.error;
  const opened = { store: null };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {});
  finished(process.stdin.resume(), { writable: false }, () => end(opened.store));
  const [definition, own] = await Promise.all([load(proto, { longs: Number, defaults: true, oneofs: true }), selfSigned()]);
  const { Plugin, Store } = loadPackageDefinition(definition).restspace.adaptor.v1;
  const server = new Server({
    'grpc.max_receive_message_length': maxMessage,
    'grpc.max_send_message_length': maxMessage,
    'grpc.enable_channelz': 0,
  });
  server.addService(Plugin.service, pluginService(store, opened));
  server.addService(Store.service, storeService(() => {
    if (!opened.store) throw wrong('the Store is not open: call Open first');
    return opened.store;
  }));
  const socket = join(process.env.PLUGIN_UNIX_SOCKET_DIR ?? tmpdir(), `plugin${randomBytes(8).toString('hex')}`);
  await promisify(server.bindAsync.bind(server))(`unix:${socket}`, credentials(own));
  process.stdout.write(`1|1|unix|${socket}|grpc|${own.der.toString('base64').replaceAll('=', '')}\n`);
}

// credentials are those of mutual TLS: the server's certificate is the only one
// that is trusted, and it is told ours in the handshake.
function credentials({ cert, key }) {
  const theirs = process.env.PLUGIN_CLIENT_CERT;
  if (!theirs) refuse('PLUGIN_CLIENT_CERT is not set: the server that starts this program has to use mutual TLS');
  return ServerCredentials.createSsl(Buffer.from(theirs), [{ cert_chain: cert, private_key: key }], true);
}

async function end(store) {
  setTimeout(() => process.exit(0), closing);
  try {
    await store?.close?.();
  } catch (err) {
    console.error(err);
  }
  process.exit(0);
}

function refuse(why) {
  console.error(why);
  process.exit(1);
}

const byHand = (program) => `${program} is an adaptor plugin of restspace: a server starts it. Write its path in
services.json, as in "adaptor": "./${program}", or test it with

  restspace plugin test ./${program}`;
