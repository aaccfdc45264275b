-- Requests the paths of a file in turn: wrk -s keys.lua <url> -- <file> [<mean pause in ms>]. Headers come from -H.
local requests = {}
local last = 0

function init(args)
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  local mean = tonumber(args[2])
  -- wrk asks for a pause only where this function exists; times between independent callers are exponential.
  if mean then
    function delay() return math.floor(-mean * math.log(1 - math.random()) + 0.5) end
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('\n{"requests":%d,"seconds":%f,"p99Ms":%f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
