// A plugin that can be told to do what a store should not, by its keys.
import { ConfigFault, holds, ConditionFailed, Full, NotExist, serve } from '../restspace-plugin.js';

const documents = new Map();
const modTime = new Date('2026-01-02T03:04:05.678Z');
const facts = (size) => ({ size, modTime, etag: 'e' });
let closed = 0;
const puts = { begun: 0, failed: 0 };

async function* slowly(text, copies = 1) {
  for (let i = 0; i < copies; i++) yield Buffer.from(text);
}

async function upload(key, body, signal) {
  const bytes = await body.bytes();
  if (key === 'waits') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  return bytes;
}

const gets = {
  short: () => ({ ...facts(10), body: () => slowly('12345') }),
  long: () => ({ ...facts(4), body: () => slowly('12345') }),
  endless: () => ({ ...facts(-1), body: () => slowly('x'.repeat(1 << 20), Infinity), close: () => { closed += 1; } }),
  unknown: () => ({ ...facts(-1), body: () => slowly('12345', 2) }),
  closed: () => ({ ...facts(1), body: String(closed) }),
  puts: () => {
    const body = JSON.stringify(puts);
    return { ...facts(body.length), body };
  },
  nothing: () => undefined,
  sizeless: () => ({ modTime, etag: 'e', body: '' }),
  etagless: () => ({ size: 0, modTime, body: '' }),
  timed: () => ({ size: 0, modTime: 1767323045678, etag: 'e', body: '' }),
  timeless: () => ({ size: 0, modTime: new Date('soon'), etag: 'e', body: '' }),
  full: () => { throw new Full('no more'); },
  system: () => { throw Object.assign(new Error('EDQUOT: quota'), { code: 'EDQUOT' }); },
  missing: () => { throw Object.assign(new Error('ENOENT: no such library'), { code: 'ENOENT' }); },
  bug: () => { throw new TypeError('of the program'); },
  long_message: () => { throw new Error('🙂'.repeat(100_000)); },
};

await serve({
  name: 'odd',
  version: '1.2.3',
  doc: 'For tests.',
  config: {
    size: { type: 'number', required: true, doc: 'how large' },
    mode: { type: 'string', default: 'usual' },
    list: { type: 'array' },
    map: { type: 'object' },
    on: { type: 'boolean' },
  },

  check({ size, mode }) {
    const faults = [];
    if (size < 0) faults.push(new ConfigFault('/size', 'write 0 or more'));
    if (mode === 'odd') faults.push(new ConfigFault('/mode', 'write another'));
    if (faults.length > 0) throw new AggregateError(faults);
  },

  open({ size, mode }) {
    console.log(`open ${size} ${mode}`);
    if (mode === 'refused') throw new ConfigFault('/mode', 'not this one');
    if (mode === 'down') throw new Error('nobody is there');
  },

  async close() {
    console.log('closing');
    if (documents.has('hangs')) await new Promise(() => {});
    if (documents.has('fails')) throw new Error('not closed');
  },

  health() {
    if (documents.has('ill')) throw new Error('ill');
  },

  async get([key], { meta }) {
    if (Object.hasOwn(gets, key)) return gets[key]();
    if (!documents.has(key)) throw new NotExist();
    return { ...facts(documents.get(key).length), body: meta ? null : documents.get(key) };
  },

  async put([key], body, condition, { signal }) {
    if (key === 'unread') return { ...facts(0), created: true };
    puts.begun += 1;
    const bytes = await upload(key, body, signal).catch((err) => {
      puts.failed += 1;
      throw err;
    });
    const old = documents.has(key) ? facts(documents.get(key).length) : null;
    if (!holds(condition, old)) throw new ConditionFailed();
    documents.set(key, bytes);
    return { ...facts(bytes.length), created: !old };
  },

  async delete([key]) {
    if (!documents.delete(key)) throw new NotExist();
  },

  async list([prefix]) {
    if (prefix === 'many') return (function* entries() { for (let i = 0; i < 1000; i++) yield { name: `n${String(i).padStart(4, '0')}` }; })();
    if (prefix === 'timed') return [{ name: 'a', modTime: '2026-01-02' }];
    if (prefix === 'breaks') return (function* entries() { yield { name: 'a' }; throw new Full('no more'); })();
    return [...documents.keys()].map((name) => ({ name }));
  },
});
