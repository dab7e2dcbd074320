-- For wrk: 5,000 events with a message id each, in packages of 10 (5 kB), over and over: behind the door the later rounds are duplicates.
-- EMPORIUM_API_KEY is sent where it is set.
local stamp = 'X-Message-Stamp-Holded\\\\Shared\\\\Infrastructure\\\\Messenger\\\\Stamp\\\\'
local core = 'X-Message-Stamp-Holded\\\\Core\\\\Messaging\\\\Messenger\\\\Stamp\\\\'
local device = string.rep('d', 40)
local event = '{"data":{"id":"0b7a1c52-1d9e-4c33-9d0f-6a3f0b8a%04x","amount":%d.25},"attributes":{"type":"shop.order.placed",'
    .. '"targetSubscription":"orders","' .. stamp .. 'NewContextStamp":{"accountId":"6f9619ff-8b86-4011-b42d-00c04fc9%04x",'
    .. '"userId":"01hzxw8q3v5n7p9r1t2v3w4x5y","requestPlatform":"web"},"' .. core .. 'TimestampStamp":"%s",'
    .. '"' .. core .. 'MessageIdStamp":"%08x-%04x-4%03x-8%03x-%012x"}}'

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set('number', threads)
end

-- Made beforehand, so that wrk's own work is the same small one for all: 500 packages, in turn.
local requests, count = {}, 0
function init()
    math.randomseed(os.time() * 1000 + number)
    local base = math.random(0, 0x7fffffff)
    wrk.method = 'POST'
    wrk.headers['Content-Type'] = 'application/json'
    local key = os.getenv('EMPORIUM_API_KEY')
    if key then wrk.headers['X-API-Key'] = key end
    local now = os.date('!%Y-%m-%dT%H:%M:%SZ')
    for package = 1, 500 do
        local events = {}
        for n = 1, 10 do
            count = count + 1
            events[n] = string.format(
                event, count % 65536, count % 500, count % 65536, now, base, number, math.floor(count / 2 ^ 24) % 4096,
                math.floor(count / 4096) % 4096, count)
        end
        requests[package] = wrk.format(nil, os.getenv('WRK_PATH') or '/collect', nil, '[' .. table.concat(events, ',') .. ']')
    end
end

function request()
    count = count + 1
    return requests[count % #requests + 1]
end

local failures = 0
function response(status)
    if status ~= 200 then failures = failures + 1 end
    if status ~= 200 and failures == 1 then io.stderr:write('an answer had status ' .. status .. '\n') end
end
