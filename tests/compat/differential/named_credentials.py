"""What is meant to differ in who gets Jupyter's secrets."""

from __future__ import annotations

from .corpus_credentials import CredentialsCase
from .named import named
from .record import Record, values, without

OF_JUPYTER = ("username=LOGIN", "_xsrf=2|abc")
OF_A_PERSON = ("token TOKEN", "Bearer TOKEN")


@named("Credentials", CredentialsCase)
def kept_to_jupyter(case: CredentialsCase, record: Record) -> None:
    for seen in record.seen:
        cookies = [_without_own(value) for value in values(seen.fields, "Cookie")]
        seen.fields = without(seen.fields, "Cookie")
        seen.fields += [("Cookie", cookie) for cookie in cookies if cookie]
        seen.fields = [field for field in seen.fields if field[1] not in OF_A_PERSON]
        for part in ("token=TOKEN&", "&token=TOKEN", "?token=TOKEN"):
            seen.line = seen.line.replace(part, "")


def _without_own(cookies: str) -> str:
    pieces = [piece for piece in cookies.split(";") if piece.strip() not in OF_JUPYTER]
    return ";".join(pieces).strip()
