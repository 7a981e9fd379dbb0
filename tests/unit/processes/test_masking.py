from __future__ import annotations

import shlex

import pytest

from jupyter_server_proxy.processes.masking import masked_command


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (["app", "--port", "80"], "app --port 80"),
        (["app", "--token", "s3"], "app --token ****"),
        (["app", "--key", "--port", "80"], "app --key --port 80"),
        (["app", "--token=s3"], "app --token=****"),
        (["app", "--Token="], "app --Token="),
        (["app", "--IdentityProvider.token=s3"], "app --IdentityProvider.token=****"),
        (["app", "-password", "s3"], "app -password ****"),
        (["env", "API_KEY=s3", "DB_PASSWORD=s3", "app"], "env API_KEY=**** DB_PASSWORD=**** app"),
        (["app", "http://user:s3@host/"], "app http://user:****@host/"),
        (["app", "http://h/?a=1&token=s3&b=2"], "app 'http://h/?a=1&token=****&b=2'"),
        (["app", "--token", "-s3"], "app --token ****"),
        (["sh", "-c", "app --token s3 --x"], "sh -c 'app --token **** --x'"),
        (["sh", "-c", "app --db.password=s3"], "sh -c 'app --db.password=****'"),
        (["app", "--password", "--s3", "--port"], "app --password **** --port"),
        (["app", "--pwd=s3"], "app --pwd=****"),
        (["app", "--pass", "s3"], "app --pass ****"),
        (["app", "--dbPass", "s3"], "app --dbPass ****"),
        (["env", "DB_PASS=s3", "app"], "env DB_PASS=**** app"),
        (["app", "--env=DB_PASS=s3"], "app --env=DB_PASS=****"),
        (["sh", "-c", "export API_KEY=s3; app"], "sh -c 'export API_KEY=****; app'"),
        (["sh", "-c", "app --api-key s3 --x"], "sh -c 'app --api-key **** --x'"),
        (["sh", "-c", "app --password --s3 x"], "sh -c 'app --password **** x'"),
        (["sh", "-c", 'app --token="s 3" x'], "sh -c 'app --token=**** x'"),
        (["sh", "-c", 'app --token "s3'], "sh -c 'app --token ****'"),
        (["curl", "-H", "Authorization: Bearer s3"], "curl -H 'Authorization: ****'"),
        (["app", "--header=Authorization: s3"], "app '--header=Authorization: ****'"),
        (["sh", "-c", 'curl -H "X-Api-Key:s3" h'], """sh -c 'curl -H "X-Api-Key:****" h'"""),
        (
            ["app", "--connection-string=Server=h;Pwd=s3;Port=1"],
            "app '--connection-string=Server=h;Pwd=****;Port=1'",
        ),
        (["app", "db://user:s3@s3:s3@host/a@b"], "app db://user:****@host/a@b"),
        (["app", '{"password": "s3", "a": 1}'], """app '{"password": ****, "a": 1}'"""),
        (["app", '{"password":"s\\"3","a":1}'], """app '{"password":****,"a":1}'"""),
        (["sh", "-c", 'app "{\\"token\\": \\"s3\\"}"'], """sh -c 'app "{\\"token\\": ****}"'"""),
    ],
)
def test_commands_with_masked_secrets(argv: list[str], shown: str) -> None:
    assert masked_command(argv) == shown


@pytest.mark.parametrize(
    "shown",
    [
        "app --monkey banana",
        "app --compass north --passive yes --bypass-cache all --max-tokens 100",
        "app --password-file /run/x --no-password here",
        "app http://auth:8080/ ./secret:/run/secret",
        "env MONKEY=banana COMPASS=north app",
        "sh -c 'echo hi'",
        "sh -c 'app --monkey banana --compass north; export PASSIVE=1'",
        "sh -c 'export TOKEN= app --x'",
    ],
)
def test_what_is_no_secret_is_shown(shown: str) -> None:
    assert masked_command(shlex.split(shown)) == shown
