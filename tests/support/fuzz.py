"""Answers that a hostile or broken vendor might give, from a seed: status, headers and body."""

import json
import random
from typing import Any

from reconciler.driver import Answer

STATUSES = (200, 200, 200, 200, 201, 202, 204, 206, 301, 303, 400, 401, 403, 404, 404, 409, 410)
MORE = (422, 429, 429, 429, 500, 502, 503, 503, 599, 999)
ODD_TEXTS = (
    *("", " ", "\x00", "\x1b[2J", "\u202e", "😀", "é" * 300, "a\r\nb: c", "null", "-1", "1e400"),
    *("NaN", "Infinity", "٣", "0x10", "9" * 400, "Mon, 01 Jan 99999999999 00:00:00 GMT"),
    *("Fri, 31 Dec 9999 23:59:59 -2359", "Sat, 01 Jan 0001 00:00:00 +2359", "2026-13-45T99:99:99Z"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "+292278994-08-17T07:12:55.807Z"),
    *("2024-02-30", "%", "%s%n", "{}", "::error::x", "*" * 5000, "=?utf-8?q?x?=", ",,;;", "()"),
    *("Mon, 01 Jan 2024 00:00:00 GMT (((((", "1 Jan 2024 00:00:00 +" + "9" * 40, "T" * 70_000),
)
ODD_VALUES: tuple[Any, ...] = (
    *ODD_TEXTS,
    *(None, True, False, 0, -1, 1, 10**30, 10**400, 1e308, -0.0, 2**63, 404, [], {}, [[]], [None]),
    *({"": ""}, {"error_code": 31}, {"status": "success"}, {"_id": []}, [[[[[]]]]], ["x"] * 50),
)
HEADERS = (
    *("retry-after", "x-request-id", "request-id", "cf-ray", "content-type", "date", "location"),
    *("x-correlation-id", "x-amzn-requestid", "www-authenticate", "set-cookie", "content-language"),
)


class Fuzz:
    """Everything comes from one seed."""

    def __init__(self, seed: object) -> None:
        self.dice = random.Random(repr(seed))

    def answer(self, *models: Any) -> Answer:
        """An answer; *models* are JSON values that the vendor would really give there."""
        status = self.dice.choice((*STATUSES, *MORE))
        headers = {self.dice.choice(HEADERS): self.header() for _ in range(self.dice.randrange(5))}
        if self.dice.random() < 0.3:
            headers["retry-after"] = self.header()
        return Answer(status, headers, self.body(*models), self.dice.random() < 0.9)

    def header(self) -> str:
        """A header's value: whatever latin-1 can hold."""
        text = self.dice.choice(ODD_TEXTS)
        if self.dice.random() < 0.2:
            text = "".join(chr(self.dice.randrange(1, 256)) for _ in range(self.dice.randrange(40)))
        return text.encode("latin-1", "replace").decode("latin-1")

    def body(self, *models: Any) -> bytes:
        """Bytes: a model as it is, or bent, or cut, or nothing of the kind."""
        kind = self.dice.randrange(10)
        if kind == 0 or not models:
            return bytes(self.dice.randrange(256) for _ in range(self.dice.randrange(60)))
        if kind == 1:
            return self.text(self.dice.choice(ODD_VALUES))
        value = self.dice.choice(models)
        for _ in range(self.dice.randrange(4) if kind > 2 else 0):
            value = self.bent(value)
        data = self.text(value)
        if kind == 3:
            return data[: self.dice.randrange(len(data) + 1)]
        if kind == 4 and data:
            at = self.dice.randrange(len(data))
            return data[:at] + bytes([self.dice.randrange(256)]) + data[at + 1 :]
        return data

    def text(self, value: Any) -> bytes:
        """*value* as JSON, in one of its spellings."""
        return json.dumps(value, ensure_ascii=self.dice.random() < 0.5).encode("utf-8", "replace")

    def bent(self, value: Any) -> Any:
        """*value* with one thing in it that is odd, missing, or one too many."""
        if isinstance(value, dict) and value and self.dice.random() < 0.85:
            key = self.dice.choice(sorted(value))
            match self.dice.randrange(5):
                case 0:
                    return {k: v for k, v in value.items() if k != key}
                case 1:
                    return {
                        **value,
                        self.dice.choice(("error_code", "", "status", "x")): self.odd(),
                    }
            return {**value, key: self.bent(value[key])}
        if isinstance(value, list) and value and self.dice.random() < 0.85:
            at = self.dice.randrange(len(value))
            match self.dice.randrange(5):
                case 0:
                    return [*value[:at], *value[at + 1 :]]
                case 1:
                    return [*value, value[at]]
            return [*value[:at], self.bent(value[at]), *value[at + 1 :]]
        return self.odd()

    def odd(self) -> Any:
        """A value that nobody expects there."""
        return self.dice.choice(ODD_VALUES)

    def wire(self, *answers: bytes) -> bytes:
        """Bytes on a connection: real answers bent at a few places."""
        data = bytearray(self.dice.choice(answers))
        for _ in range(self.dice.randrange(1, 5)):
            at = self.dice.randrange(len(data) + 1)
            match self.dice.randrange(6):
                case 0:
                    data[at : at + self.dice.randrange(8)] = b""
                case 1:
                    data[at:at] = self.header().encode("latin-1")[:200]
                case 2:
                    data[at : at + 1] = bytes([self.dice.randrange(256)])
                case 3:
                    data[at:at] = self.dice.choice((b"\r\n", b"\n", b"\r\n\r\n", b":", b"\x00"))
                case 4:
                    data = data[:at]
                case 5:
                    data += self.dice.choice((b"\r\n", b"x", b"0\r\n\r\n", bytes(data[:50])))
        return bytes(data)
