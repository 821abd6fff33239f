import assert from 'node:assert/strict';
import { test } from 'node:test';

import { holds } from '../condition.js';
import { partOf } from '../document.js';
import { escapeName, listed, unescapeName } from '../names.js';

test('names are escaped, and back', () => {
  const rows = {
    a: 'a', 'a.b': 'a.b', ' a': ' a', 'ü~': 'ü~', '🙂': '🙂',
    'a/b': 'a%2Fb', '%2F': '%252F', 'a\\': 'a%5C', '\x00\x1f\x7f': '%00%1F%7F',
    '.': '%2E', '..': '%2E%2E', '...': '%2E.%2E', '.a': '%2Ea', 'a.': 'a%2E', 'a ': 'a%20', 'a  ': 'a %20', ' ': '%20', '\u0085': '\u0085',
  };
  for (const [segment, name] of Object.entries(rows)) {
    assert.equal(escapeName(segment), name);
    assert.equal(unescapeName(name), segment);
  }
  for (const name of ['', '.tmp', '%41', '%2f', '%', 'a.', 'a ', 'a/b', '%C3%BC', '%2']) assert.equal(unescapeName(name), null, name);
});

test('listings are in the order of the bytes of their names', () => {
  const names = (after) => listed([
    { name: '🙂' }, { name: '\uffff' }, { name: 'a0' }, { name: 'a', dir: true }, { name: 'a-b' }, { name: 'b/c' }, { name: 'b' }, { name: '.x' },
  ], after).map(({ name, dir }) => (dir ? `${name}/` : name));
  const all = ['.x', 'a-b', 'a/', 'a0', 'b', 'b/c', '\uffff', '🙂'];
  assert.deepEqual(names(''), all);
  all.forEach((name, i) => assert.deepEqual(names(name), all.slice(i + 1), name));
  assert.deepEqual(names('a'), all.slice(1));
});

test('a condition holds as RFC 9110 says', () => {
  const doc = { etag: 'e', modTime: new Date(5999) };
  const rows = [ // the condition, whether it holds for the document, and for none
    [{}, true, true],
    [{ exists: true }, true, false],
    [{ absent: true }, false, true],
    [{ match: ['x', 'e'] }, true, false],
    [{ match: ['x'] }, false, false],
    [{ match: [] }, false, false],
    [{ noneMatch: ['x'] }, true, true],
    [{ noneMatch: ['e'] }, false, true],
    [{ unmodifiedSince: new Date(5000) }, true, false],
    [{ unmodifiedSince: new Date(4000) }, false, false],
    [{ unmodifiedSince: new Date(4000), match: ['e'] }, true, false],
    [{ unmodifiedSince: new Date(4000), exists: true }, true, false],
  ];
  for (const [condition, forOne, forNone] of rows) {
    assert.equal(holds(condition, doc), forOne, JSON.stringify(condition));
    assert.equal(holds(condition, null), forNone, JSON.stringify(condition));
  }
});

test('ranges are counted as RFC 9110 says', () => {
  const rows = [
    [null, 10, { start: 0, length: 10 }],
    [null, -1, { start: 0, length: -1 }],
    [{ first: 0, last: -1 }, 10, { start: 0, length: 10 }],
    [{ first: 3, last: 5 }, 10, { start: 3, length: 3 }],
    [{ first: 5, last: 1000 }, 10, { start: 5, length: 5 }],
    [{ first: -1, last: 3 }, 10, { start: 7, length: 3 }],
    [{ first: -1, last: 1000 }, 10, { start: 0, length: 10 }],
    [{ first: -1, last: 0 }, 10, null],
    [{ first: 10, last: -1 }, 10, null],
    [{ first: 0, last: -1 }, 0, null],
  ];
  for (const [range, size, part] of rows) assert.deepEqual(partOf(range, size), part, JSON.stringify(range));
});
