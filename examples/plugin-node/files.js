import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { BadKey, ConditionFailed, ConfigFault, escapeName, Exists, holds, NotExist, unescapeName } from 'restspace-plugin';

import { Locks } from './locks.js';

const chunkSize = 256 << 10;
const abandoned = 60 * 60 * 1000; // ms after which no upload goes on

/** The codes of errors that say that there is no such file. */
const absent = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

/** Those that say that another document is at, above or below a path. */
const inTheWay = ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY'];

/**
 * Keeps each document in a file of its own, which its key names. No other
 * program may write below the root while this one runs.
 */
export class Files {
  name = 'plugin-node';
  version = '1.0.0';
  doc = 'Documents in plain files.';
  config = {
    root: { type: 'string', required: true, doc: 'the directory of the documents, which is made if it is missing' },
  };

  #root;
  #temporary; // where files are written before they have their place; no key has this name
  #locks = new Locks(); // by path
  #lastTime = 0; // in microseconds: no two files of one process have the same

  check({ root }) {
    if (root === '') throw new ConfigFault('/root', 'this is empty: write a directory');
  }

  async open({ root }) {
    this.#root = resolve(root);
    this.#temporary = join(this.#root, '.tmp');
    await fs.mkdir(this.#temporary, { recursive: true, mode: 0o700 });
    await this.#sweep();
  }

  /** Removes what crashes have left. What is new may be of a process that this one takes the place of. */
  async #sweep() {
    for (const name of await fs.readdir(this.#temporary)) {
      const path = join(this.#temporary, name);
      const stat = await fs.lstat(path).catch(unless(absent, () => null));
      if (stat && Date.now() - stat.mtimeMs > abandoned) await fs.rm(path, { recursive: true, force: true });
    }
  }

  async health() {
    await fs.access(this.#temporary, constants.W_OK);
  }

  async get(key) {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await fs.open(this.#path(key), flags).catch(unless(absent, () => { throw new NotExist(); }));
    try {
      const stat = await file.stat({ bigint: true });
      if (!stat.isFile()) throw new NotExist();
      return {
        ...factsOf(stat),
        body: (start, length) => file.createReadStream({ start, end: start + length - 1, autoClose: false, highWaterMark: chunkSize }),
        close: () => file.close(),
      };
    } catch (err) {
      await file.close();
      throw err;
    }
  }

  async put(key, body, condition, { signal }) {
    const path = this.#path(key);
    const temporary = join(this.#temporary, randomUUID());
    try {
      const doc = await this.#write(temporary, body);
      return await this.#locks.run(path, async () => {
        signal.throwIfAborted();
        const old = await this.#facts(path);
        if (!holds(condition, old)) throw new ConditionFailed();
        await this.#place(temporary, path);
        return { ...doc, created: !old };
      });
    } catch (err) {
      await fs.rm(temporary, { force: true });
      throw err;
    }
  }

  async delete(key, condition, { signal }) {
    const path = this.#path(key);
    await this.#locks.run(path, async () => {
      signal.throwIfAborted();
      const old = await this.#facts(path);
      if (!old) throw new NotExist();
      if (!holds(condition, old)) throw new ConditionFailed();
      await fs.unlink(path);
      await this.#prune(dirname(path));
      await this.#sync(dirname(path));
    });
  }

  async list(prefix) {
    const found = await fs.readdir(this.#path(prefix), { withFileTypes: true }).catch(unless(absent, () => []));
    return found
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => ({ name: unescapeName(entry.name), dir: entry.isDirectory() }))
      .filter(({ name }) => name !== null); // what is not ours, and .tmp
  }

  #path(key) {
    return join(this.#root, ...key.map(escapeName));
  }

  /** The facts of the document at a path; null where there is none. */
  async #facts(path) {
    const stat = await fs.lstat(path, { bigint: true }).catch(unless(absent, () => null));
    return stat?.isFile() ? factsOf(stat) : null;
  }

  /** Writes a body to a new file, down to the disk. */
  async #write(path, body) {
    const file = await fs.open(path, 'wx', 0o600);
    try {
      await file.writeFile(body);
      this.#lastTime = Math.max(1000 * Date.now(), this.#lastTime + 1);
      await file.utimes(this.#lastTime / 1e6, this.#lastTime / 1e6);
      await file.sync();
      return factsOf(await file.stat({ bigint: true }));
    } finally {
      await file.close();
    }
  }

  /** Gives a file its place, with all that is above it. */
  async #place(temporary, path) {
    for (let tries = 1; ; tries++) {
      try {
        await fs.mkdir(dirname(path), { recursive: true });
        await fs.rename(temporary, path);
        return await this.#sync(dirname(path));
      } catch (err) {
        if (err.code === 'ENOENT' && tries < 100) continue; // the directory has just become empty, and was removed
        if (err.code === 'ENAMETOOLONG') throw new BadKey('the path is too long for the file system: shorten it');
        await this.#prune(dirname(path));
        if (inTheWay.includes(err.code)) throw new Exists();
        throw err;
      }
    }
  }

  /** Removes a directory, and those above it, as far as they are empty. */
  async #prune(dir) {
    for (; dir !== this.#root; dir = dirname(dir)) {
      try {
        await fs.rmdir(dir);
      } catch (err) {
        if (err.code === 'ENOENT') continue; // it was removed meanwhile
        if (inTheWay.includes(err.code)) return;
        throw err;
      }
    }
  }

  /** Brings the names in a directory, and in those above it, to the disk. */
  async #sync(dir) {
    for (;; dir = dirname(dir)) {
      const handle = await fs.open(dir, constants.O_RDONLY | constants.O_DIRECTORY).catch(unless(['ENOENT'], () => null));
      await handle?.sync().finally(() => handle.close());
      if (dir === this.#root) return;
    }
  }
}

/** Handles the errors of some codes, and throws all others again. */
const unless = (codes, handle) => (err) => {
  if (!codes.includes(err.code)) throw err;
  return handle();
};

/** The facts that a file has by itself: nothing is kept beside it. */
function factsOf({ ino, size, mtimeNs }) {
  return {
    size: Number(size),
    modTime: new Date(Number(mtimeNs / 1_000_000n)),
    etag: [ino, size, mtimeNs].map((n) => n.toString(36)).join('-'),
  };
}
