"""As much of an S3-compatible store as a Delta table asks for, in memory, over real HTTP.

Objects are written whole; ``If-None-Match: *`` is refused with 412 where the object is, under one
lock: what a conditional put promises. Signatures are not checked.
"""

from __future__ import annotations

import threading
from collections import Counter
from email.utils import formatdate
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Bucket:
    """One bucket, served while it is open."""

    def __init__(self, name="energy"):
        self.name, self.objects, self.lock = name, {}, threading.Lock()
        self.answers = Counter()
        bucket = self

        class Handler(_Handler):
            here = bucket

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def options(self):
        """Return what the store is told of address and keys."""
        return {
            "aws_endpoint_url": f"http://127.0.0.1:{self._server.server_port}",
            "aws_access_key_id": "who", "aws_secret_access_key": "secret",
            "aws_region": "us-east-1", "aws_allow_http": "true", "aws_conditional_put": "etag",
        }  # fmt: skip

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_why):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    here: Bucket

    def log_message(self, *_words):
        """Say nothing."""

    def _key(self):
        return unquote(urlsplit(self.path).path).removeprefix(f"/{self.here.name}").lstrip("/")

    def _answer(self, status, body=b"", **headers):
        self.here.answers[self.command, status] += 1
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _facts(self, content):
        tag = md5(content, usedforsecurity=False).hexdigest()
        return {"ETag": f'"{tag}"', "Last_Modified": formatdate(0, usegmt=True)}

    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        with self.here.lock:
            if self.headers.get("If-None-Match") == "*" and self._key() in self.here.objects:
                self._answer(412)
                return
            self.here.objects[self._key()] = content
        self._answer(200, ETag=self._facts(content)["ETag"])

    def do_HEAD(self):
        content = self.here.objects.get(self._key())
        if content is None:
            self._answer(404)
        else:
            self._answer(200, Content_Length=str(len(content)), **self._facts(content))

    def do_GET(self):
        if not self._key():
            self._listed(parse_qs(urlsplit(self.path).query))
            return
        content = self.here.objects.get(self._key())
        if content is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        said = self.headers.get("Range")
        if not said:
            self._answer(200, content, **self._facts(content))
            return
        first, last = said.removeprefix("bytes=").split("-")
        start = int(first) if first else max(0, len(content) - int(last))
        end = min(int(last) + 1, len(content)) if first and last else len(content)
        where = f"bytes {start}-{end - 1}/{len(content)}"
        self._answer(206, content[start:end], Content_Range=where, **self._facts(content))

    def do_DELETE(self):
        with self.here.lock:
            self.here.objects.pop(self._key(), None)
        self._answer(204)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = [part.split("</Key>")[0] for part in body.split("<Key>")[1:]]
        with self.here.lock:
            for key in keys:
                self.here.objects.pop(key, None)
        gone = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

    def _listed(self, query):
        prefix, after = (query.get(name, [""])[0] for name in ("prefix", "start-after"))
        mark = query.get("delimiter", [""])[0]
        found, folders = [], set()
        with self.here.lock:
            for key, content in sorted(self.here.objects.items()):
                rest = key.removeprefix(prefix)
                if not key.startswith(prefix) or key <= after:
                    continue
                if mark and mark in rest:
                    folders.add(prefix + rest.split(mark)[0] + mark)
                    continue
                tag = self._facts(content)["ETag"]
                found.append(
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size><ETag>{tag}</ETag>"
                    "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                )
        below = "".join(
            f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>"
            for one in sorted(folders)
        )
        text = (
            f"<ListBucketResult><Name>{self.here.name}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<KeyCount>{len(found)}</KeyCount><MaxKeys>100000</MaxKeys>"
            f"<IsTruncated>false</IsTruncated>{''.join(found)}{below}</ListBucketResult>"
        )
        self._answer(200, text.encode(), Content_Type="application/xml")
