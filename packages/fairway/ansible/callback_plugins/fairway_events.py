"""Prints what a playbook does as one JSON object a line, for `fairway provision` to show."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: fairway_events
    type: stdout
    short_description: JSON lines for fairway provision
    description: One JSON object a line for each thing that happens. Values hidden by C(no_log) never appear.
    extends_documentation_fragment:
        - default_callback
"""

# Of a result, what tells a person why it failed.
REASONS = ("msg", "stderr", "stdout", "module_stderr", "module_stdout", "rc", "cmd", "reason", "exception")
LONGEST_TEXT = 20_000


def end_with_parent(descriptor):
    # Nothing is ever written to it: it ends when `fairway provision` does, even by SIGKILL. Going on without it would
    # meet the next run on the same machines.
    os.read(descriptor, 1)
    os.killpg(os.getpgrp(), signal.SIGTERM)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "fairway_events"

    def __init__(self):
        super().__init__()
        self._started = {}
        lifeline = os.environ.get("FAIRWAY_LIFELINE")
        if lifeline:
            threading.Thread(target=end_with_parent, args=(int(lifeline),), daemon=True).start()

    def _emit(self, kind, **facts):
        sys.stdout.write(json.dumps({"event": kind, **facts}, default=str) + "\n")
        sys.stdout.flush()

    def _result(self, kind, result, **facts):
        host, task = result._host.get_name(), result._task
        begun = self._started.pop((host, task._uuid), None)
        self._emit(
            kind,
            host=host,
            task=task.get_name(),
            path=task.get_path(),
            durationMs=0 if begun is None else round((time.monotonic() - begun) * 1000),
            **facts,
        )

    def v2_playbook_on_play_start(self, play):
        self._emit("play", name=play.get_name())

    def v2_runner_on_start(self, host, task):
        self._started[(host.get_name(), task._uuid)] = time.monotonic()
        self._emit("task", host=host.get_name(), task=task.get_name())

    def v2_runner_on_ok(self, result):
        answer = result._result
        facts = {"changed": bool(answer.get("changed")), "diff": self._diffs(answer)}
        if result._task.action in ("debug", "ansible.builtin.debug"):
            facts["message"] = str(answer.get("msg", ""))
        self._result("ok", result, **facts)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._result("failed", result, ignored=bool(ignore_errors), **self._reason(result._result))

    def v2_runner_on_unreachable(self, result):
        self._result("unreachable", result, **self._reason(result._result))

    def v2_runner_on_skipped(self, result):
        self._result("skipped", result)

    def v2_runner_item_on_failed(self, result):
        self._emit(
            "item-failed",
            host=result._host.get_name(),
            task=result._task.get_name(),
            item=str(self._get_item_label(result._result)),
            **self._reason(result._result),
        )

    def v2_playbook_on_stats(self, stats):
        hosts = {name: stats.summarize(name) for name in sorted(stats.processed)}
        self._emit("stats", hosts=hosts)

    def _reason(self, answer):
        # What a `no_log` task said is censored before it comes here.
        found = {key: answer[key] for key in REASONS if answer.get(key) not in (None, "")}
        return {"reason": {key: self._short(value) for key, value in found.items()}}

    def _diffs(self, answer):
        """A list of { header, before, after } or { prepared }, of the task and of the items of its loop."""
        answers = [answer, *answer.get("results", [])] if isinstance(answer.get("results"), list) else [answer]
        found = []
        for one in answers:
            if not isinstance(one, dict) or "diff" not in one or not one.get("changed", False):
                continue
            diffs = one["diff"] if isinstance(one["diff"], list) else [one["diff"]]
            for diff in diffs:
                if isinstance(diff, dict) and diff:
                    found.append({key: self._short(value) for key, value in diff.items()})
        return found

    def _short(self, value):
        if isinstance(value, dict):
            return {key: self._short(inner) for key, inner in value.items()}
        if not isinstance(value, str):
            return value
        return value if len(value) <= LONGEST_TEXT else value[-LONGEST_TEXT:]
