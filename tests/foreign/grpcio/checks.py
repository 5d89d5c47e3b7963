"""Runs one group of checks against our four-kind server: `checks.py GROUP SERVER`, one line for each check."""

import importlib
import os
import sys
import traceback

from server import Server


def report(name, action):
    """One `ok` or `FAILED` line; a failed check never keeps the next one from running."""
    label = name.replace("_", " ")
    try:
        action()
    except Exception as error:  # whatever a peer makes us raise is this check's result
        reason = str(error) or type(error).__name__
        print(f"FAILED {label}: {reason[:2000]}", flush=True)
        traceback.print_exc(limit=-3)
    else:
        print(f"ok {label}", flush=True)


def on_shared_server(checks, path):
    """All on one server and one connection: a check that breaks either shows in the ones after it."""
    with Server(path) as server, server.channel() as channel:
        for check in checks:
            report(check.__name__, lambda: check(channel))
        sent = server.terminate()
        report("server_ends_on_sigterm_with_0", lambda: server.ended_after(sent, 15))


def on_own_server(checks, path):
    def run(check):
        with Server(path) as server:
            check(server)

    for check in checks:
        report(check.__name__, lambda: run(check))


def main(group, path):
    checks = importlib.import_module(group).CHECKS
    (on_own_server if group == "shutdown" else on_shared_server)(checks, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    # Request streams that were never closed sit in threads that would keep the interpreter alive.
    os._exit(0)
