-- Lists some of a directory.
--
-- KEYS[1]: the directory. ARGV[1]: the name to begin after; ARGV[2]: how many;
-- ARGV[3]: what the Redis keys of its documents begin with.
-- Returns four values for each: the name, and of documents the ETag, the time
-- in microseconds and the size.
local page = {}
for _, name in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], '(' .. ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
  local facts = {}
  if string.sub(name, -1) ~= '/' then
    facts = redis.call('HMGET', ARGV[3] .. name, 'etag', 'time', 'size')
  end
  page[#page + 1] = name
  for i = 1, 3 do page[#page + 1] = facts[i] or '' end
end
return page
