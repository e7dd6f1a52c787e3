"""The command that shows an index in a browser."""

from __future__ import annotations

import builtins
import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]


def test_the_page_is_served_until_the_process_is_told_to_end(wire: str) -> None:
    pytest.importorskip("uvicorn", reason="the page is an extra: pip install searchkit[web]")
    command = [sys.executable, "-m", "searchkit", "serve", "--index", wire, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found is not None
        with urllib.request.urlopen(f"{found[0]}api/search") as response:
            assert json.load(response)["total"] == 4
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert errors == ""


def test_a_port_in_use_is_told(run: Run, wire: str) -> None:
    pytest.importorskip("uvicorn", reason="the page is an extra: pip install searchkit[web]")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("serve", "--index", wire, "--port", port, status=2)
    assert f"cannot listen at 127.0.0.1, port {port}" in result.stderr


def test_whoever_opens_it_to_others_is_warned(run: Run, wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    serving = pytest.importorskip("searchkit.web.serving", reason="the page is an extra: pip install searchkit[web]")
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(serving, "serve", lambda *arguments: asked.append(arguments[:4]))
    assert (
        "warning: whoever reaches 0.0.0.0 can read all articles"
        in run("serve", "--index", wire, "--host", "0.0.0.0").stderr
    )
    assert run("serve", "--index", wire, "--host", "::1", "--rate", "0").stderr == ""
    assert asked == [(wire, "0.0.0.0", 8000, 50.0), (wire, "::1", 8000, 0.0)]


def test_without_the_extra_it_says_what_to_install(run: Run, wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any) -> Any:
        if name.partition(".")[0] in ("uvicorn", "starlette"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *arguments)

    for name in list(sys.modules):
        if name.startswith("searchkit.web"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", missing)
    result = run("serve", "--index", wire, status=2)
    assert "pip install 'searchkit[web]'" in result.stderr
