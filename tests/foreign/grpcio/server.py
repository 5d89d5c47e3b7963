"""Our four-kind server as a process: started, found by its log, ended by signal."""

import re
import signal
import subprocess
import threading
import time

import grpc

OPTIONS = [
    ("grpc.enable_http_proxy", 0),
    # One connection for each channel, never shared between checks.
    ("grpc.use_local_subchannel_pool", 1),
    # The client must not be what refuses a large message.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]


class Server:
    """`with Server(path) as server:` runs one; leaving it ends the process whatever happened."""

    def __init__(self, path):
        self.lines = []
        self.process = subprocess.Popen(
            [path, "--server_address", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        self.ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self.ready.wait(15):
            self.process.kill()
            raise AssertionError(f"not ready within 15 s, said: {self.lines}")

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip())
            if re.search(r"Registry \[\w+\] Registering node: ", line):
                self.ready.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def address(self):
        found = re.search(r"Listening on \S*:(\d+)$", self.lines[1])
        return f"127.0.0.1:{found[1]}"

    def channel(self):
        return grpc.insecure_channel(self.address, options=OPTIONS)

    def terminate(self):
        """SIGTERM. The time it was sent, for `ended_after`."""
        self.process.send_signal(signal.SIGTERM)
        return time.monotonic()

    def ended_after(self, sent, limit):
        """Seconds from `sent` to the end, which must come within `limit` and with exit code 0."""
        code = self.process.wait(timeout=limit)
        assert code == 0, f"exit code {code}, log: {self.lines}"
        return time.monotonic() - sent
