"""The configuration of every Hub here; `Settings` in `running.py` says what differs."""

import json
import os
import sys

from jupyterhub import version_info

settings = json.loads(os.environ["HUB_TESTS_SETTINGS"])
folder = settings["folder"]
c = get_config()  # noqa: F821  # how JupyterHub hands it over

c.JupyterHub.bind_url = f"http://127.0.0.1:{settings['port']}{settings['base_url']}"
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = settings["hub_port"]
c.JupyterHub.db_url = f"sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = f"{folder}/cookie_secret"
c.JupyterHub.internal_ssl = settings["internal_ssl"]
c.JupyterHub.internal_certs_location = f"{folder}/certificates"
c.JupyterHub.cleanup_servers = settings["cleanup_servers"]
c.JupyterHub.cleanup_proxy = settings["cleanup_servers"]
c.JupyterHub.allow_named_servers = True
# Who asks for a server that cannot start is told after so many seconds.
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 3}
c.JupyterHub.init_spawners_timeout = -1  # not ready before it knows of all servers

scheme = "https" if settings["internal_ssl"] else "http"
c.ConfigurableHTTPProxy.command = settings["proxy"]
c.ConfigurableHTTPProxy.api_url = f"{scheme}://127.0.0.1:{settings['proxy_port']}"
c.ConfigurableHTTPProxy.pid_file = f"{folder}/proxy.pid"
c.ConfigurableHTTPProxy.check_running_interval = 1
c.ConfigurableHTTPProxy.auth_token = settings["proxy_token"]

c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.DummyAuthenticator.password = settings["password"]

c.JupyterHub.services = [
    {"name": "tests", "api_token": settings["token"]},
    {"name": "friend", "api_token": settings["friend_token"]},
    {"name": "stranger", "api_token": settings["stranger_token"]},
]
c.JupyterHub.load_roles = [
    {
        "name": "tests",
        "scopes": [
            *("admin:users", "admin:servers", "tokens", "admin:groups"),
            *(["shares"] if version_info >= (5,) else []),
            *("list:services", "read:hub", "proxy", "access:servers", "self"),
        ],
        "services": ["tests"],
    },
    {"name": "friend", "scopes": ["access:servers!user=fay"], "services": ["friend"]},
]
if settings["culled_group"]:
    group = settings["culled_group"]
    c.JupyterHub.load_groups = {group: {"users": []}}
    c.JupyterHub.services.append(
        {
            "name": "culler",
            "command": [
                *(sys.executable, "-m", "jupyterhub_idle_culler"),
                *("--cull-every=1", f"--timeout={settings['cull_after']}", "--ssl-enabled=1"),
                f"--internal-certs-location={folder}/certificates",
            ],
        }
    )
    c.JupyterHub.load_roles.append(
        {
            "name": "culler",
            "scopes": [
                f"{scope}!group={group}"
                for scope in (
                    *("list:users", "read:users:activity", "read:servers", "delete:servers"),
                )
            ],
            "services": ["culler"],
        }
    )

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = folder + "/home-{username}"
c.Spawner.environment = settings["environment"]
c.Spawner.start_timeout = settings["start_timeout"]
c.Spawner.http_timeout = settings["start_timeout"]
c.Spawner.poll_interval = 2
c.Spawner.default_url = settings["default_url"]


def choose_command(spawner):
    """What the test asked for when it started the server, else the usual."""
    options = spawner.user_options
    spawner.cmd = [
        *settings["command"],
        *options.get("options", settings["options"]),
        *options.get("command", settings["application"]),
    ]
    spawner.environment = {**settings["environment"], **options.get("environment", {})}


if settings["recipe"]:
    exec(settings["recipe"])
else:
    c.Spawner.pre_spawn_hook = choose_command
