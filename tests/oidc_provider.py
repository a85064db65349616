"""A small OpenID Connect provider on the loopback, for the tests of single sign-on.

It speaks the code flow with PKCE: description, keys, authorization (says yes at once to whoever
the test wants) and token. A test bends ``claims`` or ``key`` to make it lie.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "tanfeng", "a secret of the client"


@dataclass
class Provider:
    """What the provider knows and does; ``claims`` win over what an honest one would say."""

    issuer: str = ""
    subject: str = "person-1"
    claims: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    shown_key: Any = None
    identity: bool = True
    offered: list[str] | None = None
    requests: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": self.offered or [self.algorithm],
        }

    def keys(self) -> dict[str, Any]:
        return {"keys": [(self.shown_key or self.key).as_dict(private=False)]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the browser is sent back to."""
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"]
        code = secrets.token_hex(8)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, posted: dict[str, str], authorization: str) -> dict[str, Any] | None:
        asked = self.codes.pop(posted.get("code", ""), None)
        who = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != f"Basic {who}":
            return None
        proof = hashlib.sha256(posted["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        now = int(time.time())
        said = {
            "iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], **self.claims,
        }  # fmt: skip
        answer = {"access_token": "x", "token_type": "Bearer", "expires_in": 300}
        if self.identity:
            head = {"alg": self.algorithm, "kid": "one"}
            answer["id_token"] = jwt.encode(head, said, self.key, algorithms=[self.algorithm])
        return answer


@contextmanager
def running() -> Iterator[Provider]:
    """Run a provider for the time of a test."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, content: Any, status: int = 200) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            provider.requests.append(path)
            if path == "/.well-known/openid-configuration":
                self._answer(provider.describe())
            elif path == "/keys":
                self._answer(provider.keys())
            else:
                self._answer({}, 404)

        def do_POST(self) -> None:
            provider.requests.append(self.path)
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posted = {key: values[0] for key, values in parse_qs(text).items()}
            token = provider.token(posted, self.headers.get("Authorization", ""))
            self._answer(token or {"error": "invalid_grant"}, 200 if token else 400)

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
