"""A collector that takes OTLP over HTTP on loopback, as a real one does."""

import gzip
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.tracing.judging import Seen


class Collector:
    """Keeps what it is sent.

    Attributes:
        bodies: what came, unpacked.
        headers: with what it came.
        status: what it answers with.
        hangs: whether it keeps whoever sends waiting.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.hangs = False
        self._came = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._came:
            self.hangs = False
            self._came.notify_all()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, is_so: Callable[[list[Seen]], bool], *, within: float = 20.0) -> list[Seen]:
        """What came, once it is so; fails if that takes longer than so many seconds."""
        with self._came:
            assert self._came.wait_for(lambda: is_so(self.spans()), within), self.spans()
        return self.spans()

    def spans(self) -> list[Seen]:
        """All that came, in the order in which they ended."""
        return [
            Seen.of(span)
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                is_packed = self.headers["Content-Encoding"] == "gzip"
                with collector._came:
                    if self.path == "/v1/traces" and collector.status == 200:
                        collector.bodies.append(gzip.decompress(raw) if is_packed else raw)
                    collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                    collector._came.notify_all()
                with collector._came:
                    collector._came.wait_for(lambda: not collector.hangs, timeout=20)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
