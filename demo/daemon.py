"""A headroomd of the demo's own, and what is left of it: nothing."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

NOT_ENFORCEABLE = 78  # headroomd's exit code when the host cannot enforce limits


class CannotRunHere(Exception):
    """This host has no cgroups that the daemon could use; the message says what is missing."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Daemon:
    """Use as a context manager: starts headroomd in a directory and a cgroup of its own."""

    def __init__(self, binaries, policy, options=()):
        self._binaries = pathlib.Path(binaries)
        self._policy = policy
        self._options = options
        self._root = f"headroom-demo-{os.getpid()}"

    def __enter__(self):
        self._dir = pathlib.Path(tempfile.mkdtemp(prefix="headroom-demo-"))
        self._socket = str(self._dir / "api.sock")
        (self._dir / "policy.json").write_text(json.dumps(self._policy))
        self._log = open(self._dir / "log", "wb")
        self._process = subprocess.Popen(
            [
                self._binaries / "headroomd",
                "--policy", self._dir / "policy.json",
                "--state-dir", self._dir / "state",
                "--socket", self._socket,
                "--cgroup-root", self._root,
                *self._options,
            ],
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._remove_cgroups()
        self._log.close()
        shutil.rmtree(self._dir, ignore_errors=True)

    @property
    def state_dir(self):
        return self._dir / "state"

    def call(self, method, path, body=None):
        connection = _UnixConnection(self._socket)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
            is_json = answer.getheader("Content-Type", "").startswith("application/json")
            return json.loads(content) if is_json else content
        finally:
            connection.close()

    def _wait_until_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._log.flush()
                said = (self._dir / "log").read_text(errors="replace").strip()
                if self._process.returncode == NOT_ENFORCEABLE:
                    raise CannotRunHere(said)
                raise RuntimeError(f"headroomd ended with {self._process.returncode}:\n{said}")
            try:
                self.call("GET", "/readyz")
                return
            except (OSError, RuntimeError):
                time.sleep(0.1)
        raise RuntimeError("headroomd was not ready within 30 s:\n" + (self._dir / "log").read_text())

    def _remove_cgroups(self):
        """Whatever state we are left in, nothing of ours stays: kill by cgroup, then remove bottom-up."""
        roots = [path for path in self._cgroup_roots() if path.is_dir()]
        for root in roots:
            for kill in root.rglob("cgroup.kill"):
                _try(lambda file=kill: file.write_text("1"))
        deadline = time.monotonic() + 10
        for root in roots:
            while root.is_dir() and time.monotonic() < deadline:
                for directory in sorted((p for p in root.rglob("*") if p.is_dir()), reverse=True):
                    _try(directory.rmdir)
                if not _try(root.rmdir):
                    time.sleep(0.05)

    def _cgroup_roots(self):
        for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
            fields, _, kind = line.partition(" - ")
            if kind.split()[0] in ("cgroup", "cgroup2"):
                yield pathlib.Path(fields.split()[4]) / self._root


def _try(action):
    try:
        action()
        return True
    except OSError:
        return False
