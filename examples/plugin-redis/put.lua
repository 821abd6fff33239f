-- Stores a document.
--
-- ARGV[3]: its size; ARGV[4]: how many chunks are in what the write has;
-- ARGV[5]: the data, where there are no chunks.
-- Returns "OK", the ETag, the time in microseconds, and whether it is new; or
-- what is in the way.
if body == own then return {'OK', etag, time, created} end

if redis.call('EXISTS', directory(depth)) == 1 then return {'EXISTS'} end
for i = 1, depth - 1 do
  if redis.call('EXISTS', document(i)) == 1 then return {'EXISTS'} end
end
if not holds() then return {'CONDITION'} end
local chunks = tonumber(ARGV[4])
if redis.call('HLEN', own) ~= chunks then return {'LATE'} end

-- The clock, so that no ETag comes back after Redis lost what it had; but
-- always more than the last one, for when the clock goes back.
local clock = redis.call('TIME')
local now = clock[1] * 1e6 + clock[2]
local revision = math.max(now, (redis.call('GET', KEYS[1]) or 0) + 1)
local isnew = etag and '0' or '1'
now, revision = string.format('%.0f', now), string.format('%.0f', revision)

-- The first write is one that a full Redis refuses: then nothing is done.
redis.call('SET', KEYS[1], revision)
redis.call('DEL', this)
redis.call('HSET', this, 'etag', revision, 'time', now, 'size', ARGV[3], 'body', own, 'created', isnew, 'chunks', chunks)
if chunks == 0 then redis.call('HSET', this, 'data', ARGV[5]) end
redis.call('PERSIST', own)
if body then redis.call('EXPIRE', body, grace) end

local entry = name(depth)
for i = depth - 1, 0, -1 do
  if redis.call('ZADD', directory(i), 0, entry) == 0 then break end -- and so all above
  entry = name(i) .. '/'
end
return {'OK', revision, now, isnew}
