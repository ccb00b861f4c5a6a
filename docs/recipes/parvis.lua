-- Lets Apache ask Parvis, before each request, who the person is and whether she may: see apache-forward.conf.
-- LuaSocket speaks plain http and LuaSec compares no host names: PARVIS is on this machine, or behind a
-- forwarder on it that verifies certificates, such as stunnel.
local PARVIS, APPLICATION = "http://127.0.0.1:8080", "https://app.bourg.example"

local http = require "socket.http"
http.TIMEOUT = 5 -- seconds

function check(r)
	if r.uri == "/.parvis/return" then return apache2.DECLINED end
	for name in pairs(r:headers_in_table()) do -- what a browser sends as an identity
		if name:lower():find("^parvis") then r.headers_in[name] = nil end
	end
	if r.unparsed_uri:sub(1, 1) ~= "/" then return 400 end
	local done, status, told = http.request {
		url = PARVIS .. "/forward/nginx", redirect = false,
		headers = { ["X-Original-URL"] = APPLICATION .. r.unparsed_uri, Cookie = r.headers_in["Cookie"] },
	}
	if not done then return 503 end
	if status == 401 then
		r.headers_out["Location"] = told["location"]
		return 302
	end
	if status ~= 200 then return 403 end
	for name, value in pairs(told) do
		if name:find("^parvis%-") then r.headers_in[name] = value end
	end
	return apache2.OK
end
