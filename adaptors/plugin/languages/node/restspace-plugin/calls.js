import { once } from 'node:events';

import { statusOf } from './errors.js';

// What a handler gets beside the request is the signal that its call is
// cancelled: the server has given it up, and nothing that it asks for may
// happen any more.
function signalOf(call) {
  const controller = new AbortController();
  call.once('cancelled', () => controller.abort());
  return controller.signal;
}

/** A call that one message asks for and one answers: handle(request, signal). */
export const unary = (handle) => (call, callback) => {
  answer(callback, async () => handle(call.request, signalOf(call)));
};

/** A call that is asked for by a stream: handle(messages, signal), an async iterator. */
export const uploading = (handle) => (call, callback) => {
  const messages = call[Symbol.asyncIterator]();
  answer(callback, async () => handle(messages, signalOf(call)));
};

const answer = (callback, work) => work().then((reply) => callback(null, reply), (err) => callback(statusOf(err)));

/** A call that is answered by a stream: handle(request, send, signal). */
export const downloading = (handle) => async (call) => {
  const signal = signalOf(call);
  const send = async (message) => {
    signal.throwIfAborted();
    if (!call.write(message)) await once(call, 'drain', { signal });
  };
  try {
    await handle(call.request, send, signal);
    call.end();
  } catch (err) {
    if (!signal.aborted) call.emit('error', statusOf(err));
  }
};
