"""The page of `tuner serve` follows a study that runs, and says when the server is gone.

Usage: serve_test.py TUNER        exit code 77: there is no browser
"""
import signal
import subprocess

from browser import Browser
from running import SMALL, TUNER, Folder


def main():
    with Folder() as folder:
        folder.sweep(SMALL)
        server = subprocess.Popen([TUNER, "serve", "small"], cwd=folder.path, stdout=subprocess.PIPE, text=True)
        try:
            with Browser() as page:
                page.open(server.stdout.readline().strip())
                state = "document.getElementById('where-state').textContent"
                assert page.value(state) == "all 120 trials"
                assert page.value("document.getElementById('live').textContent") == "live"
                page.value("page.then((made) => made.setFilter('optimizer == adam'))")
                page.value("page.then((made) => made.table.choose([0, 1, 2]))")
                page.value("document.querySelector('#history details').open = true")
                folder.sweep(SMALL, "--set", "trials=200")
                page.wait(f"{state}.endsWith(' of 200 trials')")
                # What was chosen stays.
                assert page.value("document.getElementById('where').value") == "optimizer == adam"
                assert page.value("page.then((made) => made.view.chosen.size)") == 3
                assert page.value("document.querySelector('#history details').open")
                assert not page.complaints, page.complaints
                server.send_signal(signal.SIGTERM)
                assert server.wait(10) == 0
                page.wait("document.getElementById('live').textContent.includes('does not answer')")
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()


main()
