import { ConfigFault } from './errors.js';

const types = {
  string: { of: (v) => typeof v === 'string', wanted: 'a string' },
  number: { of: (v) => typeof v === 'number', wanted: 'a number' },
  boolean: { of: (v) => typeof v === 'boolean', wanted: 'true or false' },
  array: { of: Array.isArray, wanted: 'a list' },
  object: { of: (v) => typeof v === 'object' && v !== null && !Array.isArray(v), wanted: 'an object' },
};

/**
 * Reads the config of a mount by the keys that the store declares, and throws
 * its faults. A store that declares none gets it as it is.
 */
export function decode(json, keys) {
  const config = JSON.parse(json.toString() || '{}');
  if (!types.object.of(config)) throw new ConfigFault('', `this is ${found(config)}: write an object`);
  if (!keys) return config;
  const faults = [...faultsIn(config, keys)];
  if (faults.length > 0) throw new AggregateError(faults);
  const defaults = Object.entries(keys).filter(([, key]) => 'default' in key).map(([name, key]) => [name, key.default]);
  return { ...Object.fromEntries(defaults), ...config };
}

function* faultsIn(config, keys) {
  for (const [name, value] of Object.entries(config)) {
    if (!Object.hasOwn(keys, name)) {
      yield new ConfigFault(pointer(name), `unknown key "${name}": ${choice(keys)}`);
    } else if (!types[keys[name].type].of(value)) {
      yield new ConfigFault(pointer(name), `this is ${found(value)}: write ${types[keys[name].type].wanted}`);
    }
  }
  for (const [name, { required, doc = 'it' }] of Object.entries(keys)) {
    if (required && !Object.hasOwn(config, name)) yield new ConfigFault('', `there is no "${name}": write ${doc}`);
  }
}

const pointer = (name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

function choice(keys) {
  const names = Object.keys(keys).sort();
  return names.length === 0 ? 'leave it out' : `the keys are ${names.join(', ')}`;
}

function found(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return { string: 'a string', number: 'a number', object: 'an object' }[typeof value] ?? String(value);
}
