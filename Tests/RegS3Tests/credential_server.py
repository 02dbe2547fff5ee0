# SPDX-License-Identifier: Apache-2.0
"""The services that hand out AWS credentials, on a free port of the loopback interface.

    credential_server.py MODE

MODE is how the metadata service for instances behaves (`Instance` below). Paths that begin with /sts or /container go
to those services; what follows a dash is how they behave. GET /requests answers all requests so far, as JSON. Prints
its port when it listens, ends when its standard input does.
"""
import hashlib
import html
import http.server
import json
import pathlib
import re
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Servers"))
import sigv4  # noqa: E402

SOURCE = {"AKSOURCE": "canary-source-secret"}
EXPIRY = "2030-01-01T00:00:00Z"
HUGE = 8 << 20
STALL = 30

requests = []
lock = threading.Lock()
released = threading.Event()


def credentials(name, token="Token", **more):
    return {"AccessKeyId": name, "SecretAccessKey": "canary-secret", token: "canary-token", "Expiration": EXPIRY, **more}


def sts_document(action, name):
    inner = "".join(f"<{key}>{html.escape(value)}</{key}>" for key, value in credentials(name, "SessionToken").items())
    return (
        f'<?xml version="1.0"?>\n<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
        f"<Credentials>{inner}</Credentials><Audience>x</Audience></{action}Result></{action}Response>"
    )


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mode = "good"

    def log_message(self, *_):
        pass

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/requests":
            return self.answer(200, json.dumps(requests))
        with lock:
            requests.append(
                {
                    "method": self.command,
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": body.decode("latin-1"),
                }
            )
            number = sum(1 for one in requests if one["path"] == self.path)
        service, _, behaviour = self.path.split("?")[0].lstrip("/").partition("-")
        if service == "sts":
            return self.sts(behaviour.rstrip("/"), body, number)
        if service == "container":
            return self.container(behaviour, number)
        return self.instance(number)

    do_GET = do_PUT = do_POST = handle_any

    def answer(self, status, body="", length=None):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            pass

    def hostile(self, behaviour):
        """Answers as nothing honest does; whether it has."""
        if behaviour == "huge":
            self.answer(200, b"x" * HUGE)
        elif behaviour == "garbage":
            self.answer(200, b"{\"SecretAccessKey\": \"canary-secret\", <\xff")
        elif behaviour == "empty":
            self.answer(200)
        elif behaviour == "redirect":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/container-good")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif behaviour == "cut":
            self.answer(200, "{", length=100)
            self.close_connection = True
        elif behaviour == "silent":
            released.wait(STALL)
            self.close_connection = True
        else:
            return False
        return True

    # What lends the credentials of roles

    def sts(self, behaviour, body, number):
        fields = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        action = fields.get("Action", "")
        if self.hostile(behaviour):
            return None
        if behaviour == "echo":  # a server that says back what it was told
            said = fields.get("WebIdentityToken", "") or SOURCE["AKSOURCE"]
            return self.sts_error(403, "AccessDenied", f"you said {said}")
        if behaviour == "later" and number < 3:
            return self.sts_error(503, "ServiceUnavailable", "come back")
        if action == "AssumeRoleWithWebIdentity":
            if fields.get("WebIdentityToken") != "canary-identity":
                return self.sts_error(400, "InvalidIdentityToken", "the token is not known")
            return self.answer(200, sts_document(action, "WEB" + fields["RoleArn"]))
        name = self.signer(body)
        if action != "AssumeRole" or name is None:
            return self.sts_error(403, "SignatureDoesNotMatch", "the signature does not match")
        return self.answer(200, sts_document(action, f"ROLE{fields['RoleArn']}-{fields.get('ExternalId')}"))

    def sts_error(self, status, code, message):
        self.answer(
            status,
            f'<ErrorResponse xmlns="x"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>'
            "</Error><RequestId>1</RequestId></ErrorResponse>",
        )

    def signer(self, body):
        """Whose signature the request has; None where it has none that is right."""
        match = sigv4.AUTHORIZATION.fullmatch(self.headers.get("Authorization", ""))
        if not match:
            return None
        key, date, region, service, names, given = match.groups()
        digest = hashlib.sha256(body).hexdigest()
        if service != "sts" or region != "r-test" or key not in SOURCE:
            return None
        fields = list(self.headers.items())
        canonical = sigv4.canonical_request(self.command, self.path, fields, names.split(";"), digest)
        scope = f"{date}/{region}/sts/aws4_request"
        text = sigv4.string_to_sign(canonical, self.headers["X-Amz-Date"], scope)
        return key if sigv4.signature(SOURCE[key], scope, text) == given else None

    # What gives a container the credentials of its role

    def container(self, behaviour, number):
        if self.hostile(behaviour):
            return None
        if behaviour == "later" and number < 3:
            return self.answer(503)
        if behaviour == "guarded" and self.headers.get("Authorization") != "canary-authorization":
            return self.answer(403, '{"Message": "canary-secret"}')
        if behaviour == "failed":
            return self.answer(200, json.dumps({"Code": "Assume\x1bRoleDenied", "Message": "canary-secret"}))
        return self.answer(200, json.dumps(credentials(f"CONTAINER{number}")))

    # What tells a machine in EC2 of itself

    def instance(self, number):
        if self.mode in ("silent", "redirect", "huge", "garbage", "empty", "cut") and self.hostile(self.mode):
            return None
        if self.mode == "slow":  # never too slow for one request, but for all together
            time.sleep(0.9)
        if self.mode == "failing":
            return self.answer(500)
        if self.path == "/latest/api/token":
            if self.mode == "old":
                return self.answer(404)
            if self.command != "PUT" or self.headers.get("X-aws-ec2-metadata-token-ttl-seconds") != "21600":
                return self.answer(400)
            return self.answer(200, f"canary-instance-token-{number}" if self.mode != "hostile" else "a\r\nX: b")
        if self.mode == "old":  # the first version gives them to everybody
            return self.answer(200, json.dumps(credentials("OLD", Code="Success")))
        token = self.headers.get("X-aws-ec2-metadata-token", "")
        wanted = 2 if self.mode == "expiring" else 1
        if token != f"canary-instance-token-{wanted}":
            return self.answer(401)
        directory = "/latest/meta-data/iam/security-credentials/"
        if self.path == directory:
            if self.mode == "roleless":
                return self.answer(404)
            return self.answer(200, "a role\nother" if self.mode == "good" else "a role")
        if self.path != directory + "a%20role":
            return self.answer(404)
        if self.mode == "failed":
            return self.answer(200, json.dumps({"Code": "Failed", "Message": "canary-secret"}))
        return self.answer(200, json.dumps(credentials("INSTANCE", Code="Success", Type="AWS-HMAC")))


def main():
    Handler.mode = sys.argv[1]
    assert re.fullmatch("[a-z]+", Handler.mode)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    released.set()


main()
