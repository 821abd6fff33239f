import { broken, Unsupported, wrong } from './errors.js';

const chunkSize = 256 << 10;

/** The message of the facts of a document: what a store says of it, checked. */
export function infoOf(doc, name, method) {
  if (!doc) throw wrong(`${method} returned nothing: where there is no document it has to throw NotExist`);
  const { size, modTime, etag, content = '' } = doc;
  if (!Number.isSafeInteger(size) || size < -1) throw wrong(`${method} returned the size ${size}: it has to be the number of bytes`);
  if (typeof etag !== 'string' || etag === '') throw wrong(`${method} returned the etag ${etag}: it has to be a text`);
  return { name, size, modTime: timeOf(modTime, method), etag, content };
}

/** The message of an entry of a listing: only its name has to be known. */
export function entryOf({ name, dir = false, size = -1, modTime, etag = '', content = '' }) {
  if (typeof name !== 'string' || name === '') throw wrong(`list returned the name ${name}: it has to be a text`);
  return { name, dir, size, modTime: timeOf(modTime, 'list'), etag, content };
}

function timeOf(date, method) {
  if (date === undefined || date === null) return null;
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) throw wrong(`${method} returned the modTime ${date}: it has to be a Date`);
  const seconds = Math.floor(date.getTime() / 1000);
  return { seconds, nanos: (date.getTime() - 1000 * seconds) * 1e6 };
}

/** The time in a message. */
export const dateOf = (time) => time && new Date(1000 * time.seconds + Math.floor(time.nanos / 1e6));

/**
 * Where a range is in a body of a size, as bytes from first to last; null where
 * it has no byte of it. A last of -1 is the end, a first of -1 the last `last`
 * bytes (RFC 9110 section 14.1.1).
 */
export function partOf(range, size) {
  if (!range) return { start: 0, length: size };
  if (size < 0) throw new Unsupported('the size of the document is not known: there are no ranges of it');
  let { first, last } = range;
  if (first < 0) {
    first = Math.max(0, size - last);
    last = size - 1;
  } else if (last < 0 || last >= size) {
    last = size - 1;
  }
  return first > last ? null : { start: first, length: last - first + 1 };
}

/** The bytes of a part of a document, in chunks: all of them, or an error. */
export async function* bytesOf(doc, { start, length }) {
  if (length === 0) return;
  let count = 0;
  for await (const chunk of typeof doc.body === 'function' ? doc.body(start, length) : inMemory(doc.body, start, length)) {
    count += chunk.length;
    if (length >= 0 && count > length) throw wrong(`the body of the document has more than its ${length} bytes`);
    for (let i = 0; i < chunk.length; i += chunkSize) yield chunk.subarray(i, i + chunkSize);
  }
  if (count < length) throw broken(`the body of the document ended after ${count} of ${length} bytes`);
}

function inMemory(body, start, length) {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return [length < 0 ? bytes : bytes.subarray(start, start + length)];
}
