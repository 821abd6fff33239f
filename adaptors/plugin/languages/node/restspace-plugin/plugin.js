import { unary } from './calls.js';
import { decode } from './config.js';
import { faultsOf, Unsupported, wrong } from './errors.js';

/** The service Plugin of the protocol; opened.store is set once it is open. */
export function pluginService(store, opened) {
  return {
    describe: unary(async () => ({
      name: store.name, version: store.version, doc: store.doc, interfaces: ['Store'],
    })),

    check: unary((request) => checked(async () => {
      await store.check?.(configOf(request));
    })),

    open: unary((request) => checked(async () => {
      if (opened.store) throw wrong('the Store is open already');
      const config = configOf(request);
      await store.check?.(config);
      await store.open?.(config);
      opened.store = store;
    })),

    health: unary(async () => {
      try {
        await store.health?.();
        return {};
      } catch (err) {
        return { problem: String(err?.message || err) };
      }
    }),
  };

  function configOf(request) {
    if (request.interface !== 'Store') throw new Unsupported(`this plugin has no ${request.interface}`);
    return decode(request.json, store.config);
  }
}

// checked answers with the faults of the config that read throws.
async function checked(read) {
  try {
    await read();
    return { faults: [] };
  } catch (err) {
    const faults = faultsOf(err);
    if (!faults) throw err;
    return { faults };
  }
}
