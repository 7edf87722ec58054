"""An MCP server that deviates from the protocol in the way that its argument names."""

import json
import subprocess
import sys
import time

OBJECT = {"type": "object"}
ODD_TOOLS = {
    "null-schema": {"inputSchema": None},
    "no-schema": {},
    "true-schema": {"inputSchema": True},
    "odd-hint": {"inputSchema": OBJECT, "annotations": {"readOnlyHint": "yes"}},
    "odd-icons": {"inputSchema": OBJECT, "icons": {"src": "x"}},
}
ODD_RESULTS = {
    "surrogate": b'"result":{"content":[{"type":"text","text":"cut here \\ud83d"}]}',
    "nan": b'"result":{"content":[{"type":"text","text":"x"}],"structuredContent":{"mean":NaN}}',
    "latin": b'"result":{"content":[{"type":"text","text":"caf\xe9"}]}',
    "block": b'"result":{"content":[{"type":"chart","points":1}]}',
    "error": b'"error":{"code":-32000}',
    "syntax": b'"result":{"content":[}',
    "neither": b'"outcome":1',
    "long": b'"result":{"content":[{"type":"text","text":"' + b"x" * (17 << 20) + b'"}]}',
}
way = sys.argv[1]
child = subprocess.Popen(["sleep", "300"], start_new_session=True) if way == "slow-farewell" else None
pages = 0


def write(raw):
    """Writes one line."""
    sys.stdout.buffer.write(raw + b"\n")
    sys.stdout.buffer.flush()


def respond(request, result):
    """Writes a response."""
    write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode())


def tools():
    """Returns a page of tools."""
    global pages
    pages += 1
    if way == "same-cursor":
        names = [f"t{n}" for n in range(20)]
        return {"tools": [{"name": name, "description": "d" * 200, "inputSchema": OBJECT} for name in names], "nextCursor": "same"}
    if way == "new-cursors":
        return {"tools": [{"name": f"t{pages}", "inputSchema": OBJECT}], "nextCursor": str(pages)}
    good = {"name": "good", "inputSchema": OBJECT}
    return {"tools": [good, {"name": "odd", **ODD_TOOLS.get(way, {"inputSchema": OBJECT})}], "nextCursor": ""}


for line in sys.stdin:
    request = json.loads(line)
    method = request["method"]
    if method == "initialize":
        about = {"name": "odd", "version": "1"}
        version = request["params"]["protocolVersion"]
        respond(request, {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about})
    elif method == "tools/list":
        respond(request, tools())
    elif method == "tools/call" and request["params"]["name"] == "odd" and way in ODD_RESULTS:
        write(b'{"jsonrpc":"2.0",%s,"id":%d}' % (ODD_RESULTS[way], request["id"]))
    elif method == "tools/call" and way == "slow":
        time.sleep(0.01)
        respond(request, {"content": [{"type": "text", "text": "fine"}]})
    elif method == "tools/call":
        respond(request, {"content": [{"type": "text", "text": str(child.pid) if child else "fine"}]})
if child:
    time.sleep(2)
    child.terminate()
    child.wait()
