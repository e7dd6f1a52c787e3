"""A real OpenSearch for tests, from the artifacts of Maven Central: no image, no download but the jars.

    python -m tests.remote.server          # starts a node and waits, to try things by hand

The jars are resolved once, into ``$SEARCHKIT_OPENSEARCH_HOME`` (or the directory for temporary files), and shared by
all later runs. Nodes listen on loopback and keep their data in a temporary directory.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

VERSION = "2.19.6"
_LOG4J = "2.25.4"
#: The server's own jars, and those of each of its modules, as group:artifact:version.
_PARTS: dict[str, tuple[str, ...]] = {
    "lib": (
        f"org.opensearch:opensearch:{VERSION}",
        f"org.opensearch:opensearch-plugin-classloader:{VERSION}",
        f"org.apache.logging.log4j:log4j-core:{_LOG4J}",
    ),
    "modules/transport-netty4": (f"org.opensearch.plugin:transport-netty4-client:{VERSION}",),
    "modules/analysis-common": (f"org.opensearch.plugin:analysis-common:{VERSION}",),
}
_MODULES = {
    "transport-netty4": "org.opensearch.transport.Netty4Plugin",
    "analysis-common": "org.opensearch.analysis.common.CommonAnalysisPlugin",
}
# What the jars of modules may do, which the distribution has files for.
_POLICY = """grant {
    permission java.net.SocketPermission "*", "accept,connect,listen,resolve";
    permission java.lang.RuntimePermission "*";
    permission java.lang.reflect.ReflectPermission "suppressAccessChecks";
    permission java.util.PropertyPermission "*", "read,write";
};
"""
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>searchkit</groupId><artifactId>tests</artifactId><version>1</version><dependencies>{}</dependencies></project>
"""
_DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
_LOGGING = """appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{{ISO8601}}][%-5p][%c{{1}}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
""".replace("{{", "{").replace("}}", "}")
#: Nobody: the server refuses to run as root.
_NOBODY = 65534


class Unavailable(Exception):
    """No server can be started here; the text says why."""


def home() -> Path:
    """The directory of the jars, which are resolved if they are not there.

    Raises:
        Unavailable: Java or Maven is missing, or Maven cannot resolve them.
    """
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    chosen = os.environ.get("SEARCHKIT_OPENSEARCH_HOME")
    place = Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"searchkit-opensearch-{VERSION}"
    if (place / "complete").exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        made = Path(folder) / "home"
        for part, artifacts in _PARTS.items():
            _resolve(made / part, artifacts)
        shared = {path.name for path in (made / "lib").iterdir()}
        for name, plugin in _MODULES.items():
            module = made / "modules" / name
            for path in module.iterdir():
                if path.name in shared:  # two copies of a class are one too many
                    path.unlink()
            lines = {
                "name": name,
                "description": name,
                "version": VERSION,
                "opensearch.version": VERSION,
                "java.version": "11",
                "classname": plugin,
            }
            text = "".join(f"{key}={value}\n" for key, value in lines.items())
            (module / "plugin-descriptor.properties").write_text(text)
            (module / "plugin-security.policy").write_text(_POLICY)
        (made / "complete").touch()
        for path in [made, *made.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        try:
            made.rename(place)
        except OSError:  # another run was faster
            if not (place / "complete").exists():
                raise
    return place


def _resolve(target: Path, artifacts: Sequence[str]) -> None:
    target.mkdir(parents=True)
    pom = target / "pom.xml"
    pom.write_text(_POM.format("".join(_DEPENDENCY.format(*artifact.split(":")) for artifact in artifacts)))
    command = ["mvn", "-q", "-B", "-f", str(pom), _PLUGIN, f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=600)
    pom.unlink()
    if found.returncode:
        raise Unavailable(f"Maven cannot resolve {', '.join(artifacts)}: {(found.stdout + found.stderr)[-500:]}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Node:
    """One process of a server.

    Args:
        folder: for its data and configuration.
        name: of the node.
        settings: of ``opensearch.yml``.
        heap: in megabytes.
    """

    def __init__(self, folder: Path, name: str, settings: dict[str, Any], heap: int = 512) -> None:
        self.name = name
        self.port, self.transport = settings["http.port"], settings["transport.port"]
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        place = home()
        config = folder / "config"
        config.mkdir(parents=True)
        (config / "log4j2.properties").write_text(_LOGGING)
        own = {
            "node.name": name,
            "path.data": str(folder / "data"),
            "path.logs": str(folder / "logs"),
            "network.host": "127.0.0.1",
            "node.store.allow_mmap": False,
            "cluster.routing.allocation.disk.threshold_enabled": False,
        } | settings
        # A subset of YAML.
        (config / "opensearch.yml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in own.items()))
        for part in ("lib", "modules"):
            (folder / part).symlink_to(place / part)
        (folder / "plugins").mkdir()
        tmp = folder / "tmp"
        tmp.mkdir()
        self._command = [
            "java",
            *(f"-Xms{heap}m", f"-Xmx{heap}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"),
            *("-Djava.security.manager=allow", "-Dlog4j2.disable.jmx=true", "-Dlog4j2.formatMsgNoLookups=true"),
            *("-Djna.nosys=true", f"-Djava.io.tmpdir={tmp}", "-Dopensearch.networkaddress.cache.ttl=60"),
            *("-Dio.netty.noUnsafe=true", "-Dio.netty.recycler.maxCapacityPerThread=0"),
            *("-Dopensearch.distribution.type=tar", "-Dopensearch.bundled_jdk=false"),
            *(f"-Dopensearch.path.home={folder}", f"-Dopensearch.path.conf={config}"),
            *("-cp", f"{place / 'lib'}/*", "org.opensearch.bootstrap.OpenSearch"),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "output"

    def start(self) -> None:
        """Start the process; it may not answer yet."""
        is_root = os.name == "posix" and os.geteuid() == 0
        if is_root:
            for path in [self._folder, *self._folder.rglob("*")]:
                if not path.is_symlink():
                    os.chown(path, _NOBODY, _NOBODY)
        user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if is_root else {}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **user)

    def wait(self, path: str = "/", seconds: float = 120) -> None:
        """Wait until the node answers a request.

        Raises:
            Unavailable: it ended, or does not answer.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url + path, timeout=5):
                    return
            except (OSError, urllib.error.URLError):
                time.sleep(0.2)
        raise Unavailable(f"OpenSearch does not answer: {self.log.read_text(errors='replace')[-9000:]}")

    def kill(self) -> None:
        """End the process at once, as if the power had failed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it answer no more, without ending it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


class Cluster:
    """Some nodes that know each other.

    Args:
        roles: of each node, e.g. ``["data", "ingest"]``; None = all of them.
        settings: of every node.
        heap: of each, in megabytes.
    """

    def __init__(self, roles: Sequence[Sequence[str] | None] = (None,), heap: int = 512, **settings: Any) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="searchkit-opensearch-", ignore_cleanup_errors=True)
        root = Path(self._folder.name)
        root.chmod(0o755)
        ports = [(free_port(), free_port()) for _ in roles]
        names = [f"node{number}" for number in range(len(roles))]
        managers = [name for name, own in zip(names, roles, strict=True) if own is None or "cluster_manager" in own]
        common: dict[str, Any] = {"cluster.name": root.name} | {
            key.replace("__", "."): value for key, value in settings.items()
        }
        if len(roles) == 1:
            common["discovery.type"] = "single-node"
        else:
            common["discovery.seed_hosts"] = [f"127.0.0.1:{transport}" for _, transport in ports]
            common["cluster.initial_cluster_manager_nodes"] = managers
        self.nodes = []
        for name, own, (http, transport) in zip(names, roles, ports, strict=True):
            its = common | {"http.port": http, "transport.port": transport}
            if own is not None:
                its["node.roles"] = list(own)
            self.nodes.append(Node(root / name, name, its, heap))

    @property
    def url(self) -> str:
        """The address of the first node."""
        return self.nodes[0].url

    def start(self) -> Self:
        """Start all nodes and wait until they are one cluster."""
        try:
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                node.wait(f"/_cluster/health?wait_for_nodes={len(self.nodes)}&timeout=60s")
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End all nodes and remove what they kept."""
        for node in self.nodes:
            node.kill()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


if __name__ == "__main__":
    with Cluster().start() as cluster:
        sys.stdout.write(cluster.url.replace("http", "opensearch", 1) + "\n")
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            sys.exit(130)
