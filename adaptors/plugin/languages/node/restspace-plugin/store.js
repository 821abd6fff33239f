import { Body, bodyOf, chunksOf } from './body.js';
import { downloading, unary, uploading } from './calls.js';
import { bytesOf, dateOf, entryOf, infoOf, partOf } from './document.js';
import { broken, wrong } from './errors.js';
import { listed } from './names.js';

const page = 256; // entries of a listing in one message

/** The service Store of the protocol; opened returns the store. */
export function storeService(opened) {
  return {
    get: unary((request, signal) => asked(opened(), request, signal, async ({ doc, info, part }) => {
      if (!part) return { info, unsatisfiable: true };
      if (request.meta) return { info };
      if (part.length < 0 || part.length > request.inline) return { info, large: true };
      const chunks = [];
      for await (const chunk of bytesOf(doc, part)) chunks.push(chunk);
      return { info, data: Buffer.concat(chunks) };
    })),

    read: downloading((request, send, signal) => asked(opened(), request, signal, async ({ doc, info, part }) => {
      await send({ head: { info, length: part?.length ?? 0, unsatisfiable: !part } });
      if (!part) return;
      for await (const chunk of bytesOf(doc, part)) await send({ chunk });
      await send({ end: {} });
    })),

    put: unary(({ key, condition, data }, signal) => put(opened(), key, condition, bodyOf(data), signal)),

    write: uploading(async (messages, signal) => {
      const { value: first } = await messages.next();
      if (first?.part !== 'head') throw broken('the stream does not have a head in its place');
      const { key, condition, size } = first.head;
      const body = new Body(chunksOf(messages), size);
      const reply = await put(opened(), key, condition, body, signal);
      if (!body.ended) throw wrong('put returned before it had read the body to its end');
      return reply;
    }),

    delete: unary(async ({ key, condition }, signal) => {
      await opened().delete(segments(key), conditionOf(condition), { signal });
      return {};
    }),

    list: downloading(async ({ prefix, after, page: wanted }, send, signal) => {
      const found = await opened().list(segments(prefix), { after, page: wanted, signal });
      let entries = [];
      for await (const entry of Array.isArray(found) ? listed(found, after) : found) {
        if (entries.push(entryOf(entry)) === page) {
          await send({ entries });
          entries = [];
        }
      }
      await send({ entries });
    }),
  };
}

// asked gets a document, has answer say what was asked for of it, and closes it.
async function asked(store, { key, meta, range }, signal, answer) {
  const doc = await store.get(segments(key), { meta, signal });
  try {
    const info = infoOf(doc, segments(key).at(-1), 'get');
    return await answer({ doc, info, part: partOf(range, info.size) });
  } finally {
    await doc?.close?.();
  }
}

async function put(store, key, condition, body, signal) {
  const doc = await store.put(segments(key), body, conditionOf(condition), { signal });
  return { info: infoOf(doc, segments(key).at(-1), 'put'), created: Boolean(doc.created) };
}

const segments = (key) => key?.segments ?? [];

// A condition that is not set always holds. A list that is empty is not the
// same as none: no ETag is in it.
const conditionOf = (c) => ({
  exists: c?.exists ?? false,
  absent: c?.absent ?? false,
  match: c?.match?.etags ?? null,
  noneMatch: c?.noneMatch?.etags ?? null,
  unmodifiedSince: dateOf(c?.unmodifiedSince) ?? null,
});
