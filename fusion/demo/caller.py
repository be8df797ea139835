"""Calls the API like any other program: over HTTP, with a client's credentials."""

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """The server's response; `replayed` if it repeats the answer of an earlier request."""

    status: int
    body: Any
    replayed: bool = False


@dataclass(slots=True)
class Caller:
    """A client program of the server at `port` of this machine."""

    port: int
    token: str = ""

    def is_ready(self) -> bool:
        """Whether the server responds and has its database."""
        try:
            return self._send("GET", "/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def sign_in(self, client_id: str, client_secret: str) -> None:
        """Get a token for the following calls."""
        credentials = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        reply = self._send(
            "POST",
            "/oauth/token",
            "grant_type=client_credentials",
            {
                "Authorization": f"Basic {credentials}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        self.token = reply.body["access_token"]

    def get(self, path: str) -> Any:
        """The body of the response for `path`, below `/api/v1`."""
        return self._send("GET", f"/api/v1{path}", "", self._authorization()).body

    def post(self, path: str, body: Any, *, key: str) -> Reply:
        """POST JSON with an idempotency key."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        headers |= self._authorization()
        return self._send("POST", f"/api/v1{path}", json.dumps(body), headers)

    def put(self, path: str, body: Any) -> Reply:
        """PUT JSON to `path`."""
        headers = {"Content-Type": "application/json", **self._authorization()}
        return self._send("PUT", f"/api/v1{path}", json.dumps(body), headers)

    def delete(self, path: str) -> Reply:
        """DELETE `path`."""
        return self._send("DELETE", f"/api/v1{path}", "", self._authorization())

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _send(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body or None, headers or {})
            response = connection.getresponse()
            text = response.read()
            replayed = response.getheader("Idempotency-Replayed") == "true"
            return Reply(response.status, json.loads(text) if text else None, replayed)
        finally:
            connection.close()
