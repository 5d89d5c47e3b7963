-- One round for the stream KEYS[1]: ARGV are the lease and the retention in milliseconds, the prefixes of the groups of
-- queues and of single subscriptions, and the name of the consumer that has what was given back.
local key, lease, retain = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local queue, plain, returned = ARGV[3], ARGV[4], ARGV[5]
if redis.call('TYPE', key).ok ~= 'stream' then return {0, 0} end

local function field(list, name)
    for at = 1, #list, 2 do
        if list[at] == name then return list[at + 1] end
    end
end

local function begins(text, start) return string.sub(text, 1, #start) == start end

local function numbers(id)
    local ms, number = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(number)
end

local function before(one, other)
    local ms, number = numbers(one)
    local other_ms, other_number = numbers(other)
    return ms < other_ms or (ms == other_ms and number < other_number)
end

local function after(id)
    local ms, number = numbers(id)
    return string.format('%.0f-%.0f', ms, number + 1)
end

-- Whether somebody was heard of in the group; of a queue, whose consumers come and go, the dead are forgotten.
local function is_used(group, is_queue)
    local used = false
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', key, group)) do
        local name = field(consumer, 'name')
        if field(consumer, 'idle') < lease then
            used = true
        elseif is_queue and field(consumer, 'pending') == 0 and name ~= returned then
            redis.call('XGROUP', 'DELCONSUMER', key, group, name)
        end
    end
    return used
end

local now = redis.call('TIME')
local keep = string.format('%.0f-0', math.max(0, tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000) - retain))
local length = redis.call('XLEN', key)
local first = redis.call('XRANGE', key, '-', '+', 'COUNT', 1)[1]
local groups, lost = 0, {}
for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do
    local name, read = field(group, 'name'), field(group, 'last-delivered-id')
    if not is_used(name, begins(name, queue)) and begins(name, plain) then
        redis.call('XGROUP', 'DESTROY', key, name)
    else
        groups = groups + 1
        local from = after(read)
        if field(group, 'pending') > 0 then
            from = redis.call('XPENDING', key, name)[2]
        end
        if before(from, keep) then keep = from end
        -- Since version 7 the server knows how many a group has not read.
        local lag = field(group, 'lag')
        if type(lag) == 'number' and lag > length and (not first or before(read, first[1])) then
            table.insert(lost, name)
            table.insert(lost, lag - length)
        end
    end
end
redis.call('XTRIM', key, 'MINID', keep)
length = redis.call('XLEN', key)
if length == 0 and groups == 0 then redis.call('DEL', key) end
return {length, groups, unpack(lost)}
