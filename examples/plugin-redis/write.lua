-- What put.lua and delete.lua begin with.
--
-- KEYS: the revision; what this write alone has; the documents at each prefix
-- of the key, its own last; the directories at each prefix, the root first.
-- ARGV: the condition in JSON; the grace in seconds; what the script says.
local depth = (#KEYS - 3) / 2
local function document(i) return KEYS[2 + i] end
local function directory(i) return KEYS[3 + depth + i] end
local function name(i) return string.match(document(i), '[^/]*$') end

local own, this = KEYS[2], document(depth)
local condition, grace = cjson.decode(ARGV[1]), ARGV[2]
local etag, time, body, created = unpack(redis.call('HMGET', this, 'etag', 'time', 'body', 'created'))

local function contains(list)
  for _, tag in ipairs(list) do
    if tag == etag then return true end
  end
  return false
end

-- holds reports whether the document is as the condition wants it: see
-- adaptors.Condition.
local function holds()
  local c = condition
  if not etag then return not (c.exists or c.match or c.unmodified) end
  if c.absent or c.match and not contains(c.match) or c.none and contains(c.none) then return false end
  return c.exists or c.match or not c.unmodified or math.floor(time / 1e6) <= c.unmodified
end

