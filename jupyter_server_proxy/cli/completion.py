"""Scripts that make shells complete commands and the names of services. They ask `list --names`."""

from __future__ import annotations

_COMMANDS = "list status start stop restart logs open add remove forward completion"

# `jupyter server-proxy` is `jupyter` to the shell; whoever completes that already goes on doing so.
_BASH = """\
_jupyter_server_proxy_words() {
    local current="$1" command="$2"
    case "$command" in
        "") COMPREPLY=($(compgen -W "@COMMANDS@" -- "$current")) ;;
        completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$current")) ;;
        list|add) COMPREPLY=() ;;
        *) COMPREPLY=($(compgen -W "$(jupyter-server-proxy list --names 2>/dev/null)" \
-- "$current")) ;;
    esac
}
_jupyter_server_proxy() {
    local command=""
    [ "$COMP_CWORD" -gt 1 ] && command="${COMP_WORDS[1]}"
    _jupyter_server_proxy_words "${COMP_WORDS[COMP_CWORD]}" "$command"
}
_jupyter_with_server_proxy() {
    if [ "${COMP_WORDS[1]}" = server-proxy ] && [ "$COMP_CWORD" -gt 1 ]; then
        local command=""
        [ "$COMP_CWORD" -gt 2 ] && command="${COMP_WORDS[2]}"
        _jupyter_server_proxy_words "${COMP_WORDS[COMP_CWORD]}" "$command"
    elif [ -n "$_jupyter_completed_by" ]; then
        "$_jupyter_completed_by" "$@"
    else
        COMPREPLY=($(compgen -W "server-proxy lab notebook server kernelspec" \
-- "${COMP_WORDS[COMP_CWORD]}"))
    fi
}
_jupyter_completed_by="$(complete -p jupyter 2>/dev/null | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p')"
[ "$_jupyter_completed_by" = _jupyter_with_server_proxy ] && _jupyter_completed_by=""
complete -F _jupyter_server_proxy jupyter-server-proxy
complete -F _jupyter_with_server_proxy jupyter
"""

_ZSH = (
    "autoload -U +X compinit && compinit -i\nautoload -U +X bashcompinit && bashcompinit\n" + _BASH
)

_FISH = """\
function __jupyter_server_proxy_words
    set -l words (commandline -opc)
    if string match -q '*jupyter' -- $words[1]
        set -e words[1]
    end
    set -e words[1]
    switch "$words[1]"
        case ''
            string split ' ' '@COMMANDS@'
        case completion
            string split ' ' 'bash zsh fish'
        case list add
        case '*'
            jupyter-server-proxy list --names 2>/dev/null
    end
end
complete -c jupyter-server-proxy -f -a '(__jupyter_server_proxy_words)'
complete -c jupyter -n 'string match -q server-proxy -- (commandline -opc)[2]' \
-f -a '(__jupyter_server_proxy_words)'
"""


def script_for(shell: str) -> str:
    """What `shell` ("bash", "zsh" or "fish") has to read."""
    script = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell]
    return script.replace("@COMMANDS@", _COMMANDS)
