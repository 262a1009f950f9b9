-- Arguments: method, length of the body, "same" or "fresh" (a new path for every request).
-- Prints the totals as one line of JSON at the end.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  wrk.method = args[1]
  local length = tonumber(args[2])
  if length > 0 then
    wrk.body = string.rep("b", length)
  end
  if args[3] == "fresh" then
    local path, count = wrk.path, 0
    request = function()
      count = count + 1
      return wrk.format(nil, path .. number .. "-" .. count)
    end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "duration_us": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
