"""Which certificates work, and what is said of those that do not."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest
from certipy import Certipy

from jupyter_server_proxy.errors import CertificateUnusable
from jupyter_server_proxy.standalone.environment import HubEnvironment
from jupyter_server_proxy.standalone.tls import (
    client_context,
    given_files,
    hub_files,
    server_context,
)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Two certificates of one authority: files by `key`, `cert` and `ca`."""
    authority = Certipy(store_dir=str(tmp_path_factory.mktemp("certificates")))
    authority.create_ca("ca")
    return {
        name: authority.create_signed_pair(name, "ca", alt_names=["DNS:localhost"])["files"]
        for name in ("one", "two")
    }


def hub(key: str = "", cert: str = "", ca: str = "") -> HubEnvironment:
    return HubEnvironment(key_file=key, cert_file=cert, client_ca=ca)


def problem(environment: HubEnvironment) -> str:
    with pytest.raises(CertificateUnusable) as caught:
        server_context(hub_files(environment))
    return str(caught.value)


def test_without_a_certificate_there_is_no_tls() -> None:
    assert server_context(hub_files(hub())) is None
    assert client_context(hub_files(hub())) is None
    assert server_context(given_files("", "", "")) is None


def test_the_hubs_certificates_are_checked_in_both_directions(
    pairs: dict[str, dict[str, str]],
) -> None:
    files = hub_files(hub(**pairs["one"]))
    server, client = server_context(files), client_context(files)
    assert server is not None
    assert client is not None
    assert (server.verify_mode, server.check_hostname) == (ssl.CERT_REQUIRED, False)
    assert (client.verify_mode, client.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert server.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_given_certificates_ask_browsers_for_none(pairs: dict[str, dict[str, str]]) -> None:
    one = pairs["one"]
    context = server_context(given_files(one["cert"], one["key"], ""))
    assert context is not None
    assert context.verify_mode == ssl.CERT_NONE
    context = server_context(given_files(one["cert"], one["key"], one["ca"]))
    assert context is not None
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_key_and_certificate_may_be_in_one_file(
    pairs: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_text("".join(Path(pairs["one"][part]).read_text() for part in ("key", "cert")))
    assert server_context(given_files(str(both), "", "")) is not None


@pytest.mark.parametrize(
    ("part", "variable"),
    [
        ("key", "JUPYTERHUB_SSL_KEYFILE"),
        ("cert", "JUPYTERHUB_SSL_CERTFILE"),
        ("ca", "JUPYTERHUB_SSL_CLIENT_CA"),
    ],
)
def test_a_file_that_is_not_there_or_is_something_else_is_named_with_its_variable(
    pairs: dict[str, dict[str, str]], tmp_path: Path, part: str, variable: str
) -> None:
    absent = str(tmp_path / "absent.pem")
    said = problem(hub(**{**pairs["one"], part: absent}))
    assert said == f"{variable}: the file {absent} cannot be read: No such file or directory"
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("hello\n")
    said = problem(hub(**{**pairs["one"], part: str(nonsense)}))
    assert said.startswith(f"{variable}: the file {nonsense} has no ")


def test_a_key_of_another_certificate_is_said(pairs: dict[str, dict[str, str]]) -> None:
    said = problem(hub(**{**pairs["one"], "key": pairs["two"]["key"]}))
    assert said == (
        f"JUPYTERHUB_SSL_KEYFILE: the file {pairs['two']['key']} is not the key of the "
        f"certificate (JUPYTERHUB_SSL_CERTFILE: {pairs['one']['cert']})"
    )


def test_an_encrypted_key_is_said_and_nobody_is_asked_for_its_password(
    pairs: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    encrypted = tmp_path / "encrypted.pem"
    command = ["openssl", "rsa", "-aes128", "-passout", "pass:secret", "-in", pairs["one"]["key"]]
    subprocess.run([*command, "-out", str(encrypted)], check=True, capture_output=True)
    said = problem(hub(**{**pairs["one"], "key": str(encrypted)}))
    assert said.startswith(f"JUPYTERHUB_SSL_KEYFILE: the file {encrypted} is encrypted")


@pytest.mark.parametrize(
    ("keyfile", "client_ca", "named"), [("k", "", "--keyfile"), ("", "ca", "--client-ca")]
)
def test_what_makes_no_sense_without_a_certificate_is_said(
    keyfile: str, client_ca: str, named: str
) -> None:
    with pytest.raises(CertificateUnusable, match=f"^{named} needs --certfile"):
        given_files("", keyfile, client_ca)


def test_a_key_of_the_hub_without_a_certificate_is_said() -> None:
    assert "JUPYTERHUB_SSL_CERTFILE is not" in problem(hub(key="k"))
