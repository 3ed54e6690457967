-- wrk: the request from the environment, and the outcome as one line of JSON
local body, token, session = os.getenv("WRK_BODY"), os.getenv("WRK_TOKEN"), os.getenv("WRK_SESSION")
if body ~= "" then
   wrk.method, wrk.body = "POST", body
   wrk.headers["Content-Type"] = "application/json"
end
if token ~= "" then wrk.headers["Authorization"] = "Token " .. token end
if session ~= "" then wrk.headers["Cookie"] = "sessionid=" .. session end

function done(summary, latency, requests)
   local errors = summary.errors
   print(string.format('{"answers": %d, "seconds": %f, "errors": %d, "p50_ms": %f, "p99_ms": %f}',
      summary.requests, summary.duration / 1e6,
      errors.connect + errors.read + errors.write + errors.status + errors.timeout,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
