"""tuner serve from outside: who gets an answer, what it says, how it ends. tests/browser looks at the page.

Usage: serve_test.py TUNER
"""
import http.client
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

TUNER = sys.argv[1]
SWEEP = """
study: s
method: random
trials: {trials}
objective: {{plugin: quadratic, dim: 4}}
optimizer: {{plugin: sgd, lr: {{min: 1e-4, max: 0.1, scale: log}}}}
training: {{steps: 20}}
"""


def sweep(folder, trials):
    (folder / "sweep.yaml").write_text(SWEEP.format(trials=trials))
    subprocess.run([TUNER, "--config", "sweep.yaml", "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


class Served:
    """A server, and requests to it."""

    def __init__(self, folder, **more):
        self.process = subprocess.Popen([TUNER, "serve", "s"], cwd=folder, stdout=subprocess.PIPE, text=True, **more)
        url = urllib.parse.urlsplit(self.process.stdout.readline().strip())
        assert url.scheme == "http" and url.hostname == "127.0.0.1", url
        self.port, self.query = url.port, url.query
        assert len(self.query) == len("token=") + 64

    def ask(self, path, method="GET", query=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, f"{path}?{self.query if query is None else query}", headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer, body

    def status(self, *words, **more):
        return self.ask(*words, **more)[0].status

    def raw(self, data):
        """What comes back for these bytes, up to the end of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(data)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer

    def end(self, how):
        self.process.send_signal(how)
        begin = time.monotonic()
        code = self.process.wait(10)
        return code, time.monotonic() - begin


def check_answers(server):
    answer, page = server.ask("/")
    assert answer.status == 200 and page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "connect-src 'self'" in page
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    answer, data = server.ask("/data")
    assert answer.status == 200 and data in page and len(data.split("\n")) == 2
    answer, nothing = server.ask("/data", method="HEAD")
    assert answer.status == 200 and nothing == "" and int(answer.headers["Content-Length"]) == len(data)
    assert server.status("/other") == 404


def check_refusals(server):
    assert server.status("/", query="") == 403
    assert server.status("/", query="token=") == 403
    assert server.status("/", query=server.query[:-1]) == 403
    assert server.status("/", query=server.query[:-1] + ("0" if server.query[-1] != "0" else "1")) == 403
    assert server.status("/data", query="x=" + server.query) == 403
    assert server.status("/data", query="x=1&" + server.query) == 200
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", f"10.0.0.1:{server.port}", ""):
        assert server.status("/", Host=host) == 421, host
    for host in (f"localhost:{server.port}", f"[::1]:{server.port}"):
        assert server.status("/", Host=host) == 200, host
    assert server.status("/data", Origin="http://evil.example") == 403
    assert server.status("/data", Origin="null") == 403
    assert server.status("/data", Origin=f"http://127.0.0.1:{server.port}") == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert server.status("/", method=method) == 405, method
    assert server.raw(b"no http at all\r\n\r\n") == b""
    assert server.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 100000 + b"\r\n\r\n") == b""
    assert server.status("/") == 200


def check_events(server, folder):
    request = f"GET /events?{server.query} HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request)
        heard = b""
        while b"data: 1\n\n" not in heard:
            heard += connection.recv(4096)
        assert b"Content-Type: text/event-stream" in heard and b"event: changed\n" in heard
        before = server.ask("/data")[1]
        sweep(folder, 9)
        while b"data: 2\n\n" not in heard:
            heard += connection.recv(4096)
        assert server.ask("/data")[1] != before
        # It ends with the server, not before.
        code, seconds = server.end(signal.SIGTERM)
        assert code == 0 and seconds < 30, (code, seconds)
        assert connection.recv(4096) == b""


def check_many(folder):
    server = Served(folder)
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(63)]
    assert server.status("/") == 200
    more = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(20)]
    assert more[-1].recv(10) == b""  # beyond what it serves at once
    for connection in idle + more:
        connection.close()
    begin = time.monotonic()
    while True:  # until it has seen that they are gone
        try:
            assert server.status("/") == 200
            break
        except (http.client.HTTPException, OSError):
            assert time.monotonic() < begin + 60
    code, _ = server.end(signal.SIGINT)
    assert code == 0, code


def check_damage(folder):
    """What cannot be read is said; the rest is shown."""
    with sqlite3.connect(folder / "tuner.db") as database:
        database.execute("UPDATE trials SET wall_seconds = 'x' WHERE number = 3")
    database.close()
    with open(folder / "said", "w") as said:
        server = Served(folder, stderr=said)
    assert server.status("/") == 200
    assert server.end(signal.SIGINT)[0] == 0
    assert "serve: tuner.db: what cannot be read was left out:\n  trial 3 of study 's'" in (folder / "said").read_text()


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sweep(folder, 6)
        before = (folder / "tuner.db").read_bytes()
        server = Served(folder)
        check_answers(server)
        check_refusals(server)
        assert (folder / "tuner.db").read_bytes() == before, "the database was written to"
        check_events(server, folder)
        check_many(folder)
        check_damage(folder)
        taken = socket.create_server(("127.0.0.1", 0))
        words = [TUNER, "serve", "s", "--port", str(taken.getsockname()[1])]
        refused = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        assert refused.returncode == 2 and "cannot be listened on: Address already in use" in refused.stderr, refused


main()
