import { ConditionFailed, ConfigFault, Full, holds, NotExist } from 'restspace-plugin';

/**
 * Keeps documents in memory, until the program ends. Put what you want to keep
 * them in into the place of the map, method by method: restspace-plugin/README.md
 * tells what each is given and returns, and "restspace plugin test" holds you to
 * it. Each method may be async.
 */
export class Store {
  name = 'mystore';
  version = '0.1.0';

  /** What may stand in "adaptorConfig" of services.json. */
  config = {
    maxDocuments: { type: 'number', default: 0, doc: 'how many documents there may be; 0 is any number' },
  };

  #documents = new Map(); // by the JSON of their keys
  #revision = Date.now() * 1000; // so that no ETag comes again after a restart
  #max = 0;

  /** Says what is wrong with a config: "restspace check" prints it with its line. */
  check({ maxDocuments }) {
    if (maxDocuments < 0) throw new ConfigFault('/maxDocuments', "there can't be fewer than none: write 0 or more");
  }

  /** Opens the store: it is called once, before all else. */
  open({ maxDocuments }) {
    this.#max = maxDocuments;
    console.error(`mystore is open for ${maxDocuments || 'any number of'} documents`); // in the server's log
  }

  /** Gives the facts of a document, with its body. */
  get(key) {
    const doc = this.#find(key);
    if (!doc) throw new NotExist();
    return doc;
  }

  /** Stores a document, if the condition holds at that moment. */
  async put(key, body, condition, { signal }) {
    const bytes = await body.bytes(); // throws where the body breaks off
    signal.throwIfAborted();
    const old = this.#find(key); // from here on nothing else can happen in between: there is no await
    if (!holds(condition, old)) throw new ConditionFailed();
    if (!old && this.#max > 0 && this.#documents.size >= this.#max) throw new Full();
    const doc = { key, body: bytes, size: bytes.length, modTime: new Date(), etag: (++this.#revision).toString(36) };
    this.#documents.set(JSON.stringify(key), doc);
    return { ...doc, created: !old };
  }

  /** Removes a document, if the condition holds at that moment. */
  delete(key, condition) {
    const old = this.get(key);
    if (!holds(condition, old)) throw new ConditionFailed();
    this.#documents.delete(JSON.stringify(key));
  }

  /** Gives what is one level below a prefix: documents and directories, in any order. */
  list(prefix) {
    const entries = new Map();
    for (const { key, body, ...doc } of this.#documents.values()) {
      if (key.length <= prefix.length || !prefix.every((segment, i) => segment === key[i])) continue;
      const name = key[prefix.length];
      const dir = key.length > prefix.length + 1;
      entries.set(dir ? `${name}/` : name, dir ? { name, dir } : { name, ...doc });
    }
    return [...entries.values()];
  }

  #find(key) {
    return this.#documents.get(JSON.stringify(key)) ?? null;
  }
}
