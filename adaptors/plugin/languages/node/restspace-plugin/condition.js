const seconds = (time) => Math.floor(time / 1000);

/**
 * Says whether the condition of a write holds for a document: its facts, or
 * null where there is none (RFC 9110 section 13.1). It has to be asked in one
 * step with the write: nothing else may write to the key in between.
 */
export function holds(condition, doc) {
  const { exists, absent, match, noneMatch, unmodifiedSince } = condition;
  if (!doc) return !exists && !match && !unmodifiedSince;
  const one = (etags) => Boolean(doc.etag) && etags.includes(doc.etag);
  if (absent || (match && !one(match)) || (noneMatch && one(noneMatch))) return false;
  if (exists || match || !unmodifiedSince) return true;
  return seconds(doc.modTime) <= seconds(unmodifiedSince);
}
