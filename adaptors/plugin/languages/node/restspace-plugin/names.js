/**
 * A segment of a key as a name in a file system: the one escape that all
 * stores share. As "%" and two upper-case hex digits it writes "/", "%", "\",
 * control characters, a "." at the beginning, and a "." or a space at the end.
 * No two segments have the same name, and no name begins with a ".".
 */
export const escapeName = (segment) => segment.replace(
  /[/%\\\x00-\x1f\x7f]|^\.|[. ]$/g,
  (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
);

/** The segment that escapeName wrote; null for a name that no segment has. */
export function unescapeName(name) {
  const segment = name.replace(/%([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return segment !== '' && escapeName(segment) === name ? segment : null;
}

/**
 * Sorts the entries of a directory as a listing has them: by the bytes of their
 * escaped names, a directory's with a "/" at its end. What comes up to the name
 * after is left out.
 */
export function listed(entries, after) {
  const from = after.endsWith('/') ? position(after.slice(0, -1), true) : position(after, false);
  return entries
    .map((entry) => ({ entry, at: position(entry.name, entry.dir) }))
    .filter(({ at }) => Buffer.compare(at, from) > 0)
    .sort((a, b) => Buffer.compare(a.at, b.at))
    .map(({ entry }) => entry);
}

const position = (name, dir) => Buffer.from(escapeName(name) + (dir ? '/' : ''));
