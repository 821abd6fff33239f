import { broken } from './errors.js';

/**
 * What is to be stored: chunks that can be iterated over once, with for await
 * or stream.Readable.from. One that breaks off, or has fewer or more bytes than
 * it says, throws at the place: what came before must not be stored.
 */
export class Body {
  #chunks;

  /** Whether all of it has been read, and is as it should be. */
  ended = false;

  constructor(chunks, size) {
    this.#chunks = chunks;

    /** The number of bytes; -1 is not known. */
    this.size = size;
  }

  async *[Symbol.asyncIterator]() {
    let count = 0;
    for await (const chunk of this.#chunks) {
      count += chunk.length;
      if (this.size >= 0 && count > this.size) throw broken(`the body has more than its ${this.size} bytes`);
      yield chunk;
    }
    if (this.size >= 0 && count < this.size) throw broken(`the body ended after ${count} of ${this.size} bytes`);
    this.ended = true;
  }

  /** All of it in one Buffer: for what is known to be small. */
  async bytes() {
    const chunks = [];
    for await (const chunk of this) chunks.push(chunk);
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  }
}

/** The bytes of a body that came in one message. */
export const bodyOf = (data) => new Body([data], data.length);

/**
 * The chunks of messages up to the end, without which the stream is broken: that
 * of a call which is cancelled looks as if it had ended well.
 */
export async function* chunksOf(messages) {
  for (;;) {
    const { done, value: message } = await messages.next();
    if (done) throw broken('the stream broke off before its end');
    if (message.part === 'end') return;
    if (message.part !== 'chunk') throw broken('the stream does not have a chunk in its place');
    yield message.chunk;
  }
}
