-- Deletes a document. Returns "OK", or what is in the way.
if redis.call('EXISTS', own) == 1 then return {'OK'} end
if not etag then return {'MISSING'} end
if not holds() then return {'CONDITION'} end

redis.call('DEL', this)
redis.call('EXPIRE', body, grace)
local entry = name(depth)
for i = depth - 1, 0, -1 do
  redis.call('ZREM', directory(i), entry)
  if redis.call('EXISTS', directory(i)) == 1 then break end
  entry = name(i) .. '/'
end
redis.call('SET', own, '', 'EX', grace)
return {'OK'}
