-- SPDX-License-Identifier: Apache-2.0
-- wrk -s token.lua http://HOST:PORT/PATH -- CLIENTS RESOURCE [KEY=VALUE...]: token requests of the
-- clients in the file CLIENTS, lines ID:SECRET, one after the other; each thread of wrk begins at
-- another one. scope=NAME asks for it; delay=MS is how long a connection waits before each request,
-- on the average of whole ones; close=1 has each connection closed after its answer; method=GET asks
-- for what else is at the address, without a form.
local b64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local requests, at, delay_ms = {}, 0, nil -- of this thread
local threads = 0

local function base64(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    for k = 0, 3 do
      local six = math.floor(n / 64 ^ (3 - k)) % 64
      local pad = (k == 2 and not b) or (k == 3 and not c)
      out[#out + 1] = pad and "=" or b64:sub(six + 1, six + 1)
    end
  end
  return table.concat(out)
end

local function escape(text)
  return (text:gsub("[^%w%-%._~]", function(c) return string.format("%%%02X", c:byte()) end))
end

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  local more = {}
  for i = 3, #args do
    local name, value = args[i]:match("^(%w+)=(.*)$")
    assert(name, args[i])
    more[name] = value
  end
  local body = "grant_type=client_credentials&resource=" .. escape(args[2])
  if more.scope then body = body .. "&scope=" .. escape(more.scope) end
  delay_ms = tonumber(more.delay)
  if more.method == "GET" then requests[1] = wrk.format("GET") end
  for line in io.lines(more.method ~= "GET" and args[1] or "/dev/null") do
    requests[#requests + 1] = wrk.format("POST", nil, {
      ["Host"] = wrk.headers["Host"], ["Authorization"] = "Basic " .. base64(line),
      ["Content-Type"] = "application/x-www-form-urlencoded",
      ["Connection"] = more.close and "close" or nil,
    }, body)
  end
  assert(#requests > 0, "no clients")
  at = number * 7919 % #requests
  if delay_ms then
    delay = function() return math.floor(2 * delay_ms * math.random() + math.random()) end
  end
  math.randomseed(number + 1)
end

function request()
  at = at % #requests + 1
  return requests[at]
end
