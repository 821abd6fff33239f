-- Stores one chunk of a body that expires with all its chunks, unless a document
-- has it by then.
--
-- KEYS[1]: the body. ARGV: the number of the chunk, its bytes, the grace in
-- seconds.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])
