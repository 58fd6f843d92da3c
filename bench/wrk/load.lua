-- Requests of one kind over keep-alive connections, and what came of them as JSON.
--
-- wrk -s load.lua URL -- METHOD PATH [TOKEN]
-- `{n}` in the path is another number each time: another machine, another department.

local before, after, number = nil, nil, 0

function init(args)
  local method, path, token = args[1], args[2], args[3]
  local head = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\n"
  if token then
    head = head .. "Authorization: Bearer " .. token .. "\r\n"
  end
  if method == "POST" then
    head = head .. "Content-Length: 0\r\n"
  end
  local first, last = path:match("^(.-){n}(.*)$")
  before = method .. " " .. (first or path)
  after = (last or "") .. " HTTP/1.1\r\n" .. head .. "\r\n"
  if not first then
    local whole = before .. after
    request = function() return whole end
  end
end

-- Written by hand: wrk.format would take more time than all of wrk beside it.
function request()
  number = number + 1
  return before .. number .. after
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '\n{"requests": %d, "failed": %d, "refused": %d, "seconds": %.6f, "p50": %.1f, "p99": %.1f}\n',
    summary.requests, failed, errors.status, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99)
  ))
end
