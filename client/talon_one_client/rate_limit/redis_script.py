"""The algorithm of ``departures.py`` in Lua, so that Redis runs it as one step on its own clock."""

from __future__ import annotations

# KEYS[1]: the state as text. ARGV: size, window and gap of the pace, the granted instant that is moved (0: a departure
# is requested), the number of departures that are kept, and the instant it is moved to (0: now), all in microseconds.
SCRIPT = """
local size, window, gap, granted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local text = redis.call('GET', KEYS[1]) or '0'
local ahead, numbers = 0, {}
if not text:match('^[%d ]+$') then text, ahead = '0', -1 end
for digits in text:gmatch('%d+') do
    local number = tonumber(digits)
    if number > now then
        ahead = math.min(math.max(ahead, number - now), 9e15)
        number = now
    end
    numbers[#numbers + 1] = number
end
local planned = table.remove(numbers, 1) or 0
table.sort(numbers)
local function answer(wait)
    if wait == 0 or ahead ~= 0 then
        while #numbers > tonumber(ARGV[5]) do table.remove(numbers, 1) end
        table.insert(numbers, 1, planned)
        for index, number in ipairs(numbers) do numbers[index] = string.format('%.0f', number) end
        redis.call('SET', KEYS[1], table.concat(numbers, ' '), 'PX', 60000 + math.ceil(window / 500))
    end
    return {wait, now, ahead}
end
if granted > 0 then
    for index, number in ipairs(numbers) do
        if number == granted then
            table.remove(numbers, index)
            break
        end
    end
    local to = tonumber(ARGV[6])
    numbers[#numbers + 1] = to > 0 and math.min(to, now) or now
    table.sort(numbers)
    return answer(0)
end
local due = planned + gap
if #numbers >= size then due = math.max(due, numbers[#numbers - size + 1] + window) end
if now < due then return answer(due - now) end
if now - planned - gap <= math.max(math.floor(gap / 2), 25000) then planned = planned + gap else planned = now end
numbers[#numbers + 1] = now
return answer(0)
"""
