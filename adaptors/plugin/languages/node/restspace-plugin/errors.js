import { status } from '@grpc/grpc-js';

/** An error of a store that its server understands: see its subclasses. */
export class StoreError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = new.target.name;
    this.status = code;
  }
}

/** There is no such document. Only for what is known not to be there. */
export class NotExist extends StoreError {
  constructor(message = 'there is no such document', options) {
    super(status.NOT_FOUND, message, options);
  }
}

/** Another document is in the way of the key, or has it as a directory. */
export class Exists extends StoreError {
  constructor(message = 'another document is in the way', options) {
    super(status.ALREADY_EXISTS, message, options);
  }
}

/** The condition of a write does not hold. */
export class ConditionFailed extends StoreError {
  constructor(message = 'the condition does not hold', options) {
    super(status.FAILED_PRECONDITION, message, options);
  }
}

/** The key can't be stored here: the message says why, to people. */
export class BadKey extends StoreError {
  constructor(message = "the name can't be stored", options) {
    super(status.INVALID_ARGUMENT, message, options);
  }
}

/** The store can't be written to. */
export class ReadOnly extends StoreError {
  constructor(message = "the store can't be written to", options) {
    super(status.PERMISSION_DENIED, message, options);
  }
}

/** There is no space left. */
export class Full extends StoreError {
  constructor(message = 'the store is full', options) {
    super(status.RESOURCE_EXHAUSTED, message, options);
  }
}

/** The same call may pass a little later. */
export class Busy extends StoreError {
  constructor(message = 'the store is busy', options) {
    super(status.ABORTED, message, options);
  }
}

/** What is behind the store can't do this. */
export class Unsupported extends StoreError {
  constructor(message = "the store can't do this", options) {
    super(status.UNIMPLEMENTED, message, options);
  }
}

/**
 * A fault of the configuration, thrown by open or check. The pointer says where
 * in the config it is (RFC 6901), and the message what to write instead. More
 * than one go in an AggregateError.
 */
export class ConfigFault extends Error {
  constructor(pointer, message, options) {
    super(message, options);
    this.name = 'ConfigFault';
    this.pointer = pointer;
  }
}

/** The faults that an error tells of; null where it is no fault of the config. */
export function faultsOf(err) {
  const all = err instanceof AggregateError ? err.errors : [err];
  if (all.length === 0 || !all.every((e) => e instanceof ConfigFault)) return null;
  return all.map(({ pointer, message }) => ({ pointer, message }));
}

/** A stream that is not as the protocol wants it, or broke off. */
export const broken = (message) => new StoreError(status.DATA_LOSS, message);

/** A fault of the program itself. */
export const wrong = (message) => new StoreError(status.INTERNAL, message);

// Errors of the system that mean the same whatever the store is. ENOENT is not
// one of them: the missing file may be another than the document's.
const system = new Map([
  ['ENOSPC', status.RESOURCE_EXHAUSTED],
  ['EDQUOT', status.RESOURCE_EXHAUSTED],
  ['EROFS', status.PERMISSION_DENIED],
]);

const longest = 4096; // characters of a message: it travels in a header

/**
 * The status of gRPC that an error is. What the store did not mean to say goes
 * to standard error too, with its stack.
 */
export function statusOf(err) {
  let code = err instanceof StoreError ? err.status : system.get(err?.code);
  if (err?.name === 'AbortError') code ??= status.CANCELLED;
  if (code === undefined) {
    code = status.UNKNOWN;
    console.error(err);
  }
  return { code, details: String(err?.message ?? err).slice(0, longest).toWellFormed() };
}
