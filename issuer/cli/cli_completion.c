/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_completion.h"

#include <stdio.h>

#include "issuer/cli/cli_complete.h"

#include "common/base/base.h"

/* bash has cut the words at = and : already; what stands before the last of them is not replaced.
 */
static const char bash[] =
    "# source <(jeton completion bash), or keep this in\n"
    "# ~/.local/share/bash-completion/completions/jeton\n"
    "_jeton()\n"
    "{\n"
    "    local line=${COMP_LINE:0:COMP_POINT} cur prefix value rest\n"
    "    local -a words\n"
    "    IFS=$' \\t\\n' read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=('')\n"
    "    cur=${words[${#words[@]} - 1]}\n"
    "    prefix=${cur%\"${cur##*[=:]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r value rest; do\n"
    "        if [[ $value == :files ]]; then\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            while IFS= read -r value; do\n"
    "                COMPREPLY+=(\"$value\")\n"
    "            done < <(compgen -f -- \"${cur##*=}\")\n"
    "            return\n"
    "        fi\n"
    "        [[ $value == *[[:space:]\\\\\\\"\\'\\`\\$\\&\\;\\(\\)\\<\\>\\|\\*\\?]* ]] && printf "
    "-v value %q "
    "\"$value\"\n"
    "        COMPREPLY+=(\"${value#\"$prefix\"}\")\n"
    "    done < <(command jeton completion bash -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _jeton jeton\n";

static const char zsh[] =
    "#compdef jeton\n"
    "# source <(jeton completion zsh) after compinit, or keep this as _jeton in a folder of fpath\n"
    "_jeton() {\n"
    "    local line\n"
    "    local -a lines values\n"
    "    lines=(\"${(@f)$(command jeton completion zsh -- \\\n"
    "        \"${(@Q)words[2,CURRENT-1]}\" \"${(Q)PREFIX}\" 2>/dev/null)}\")\n"
    "    if [[ $lines[1] == :files* ]]; then\n"
    "        [[ $PREFIX == *=* ]] && compset -P '*='\n"
    "        _files\n"
    "        return\n"
    "    fi\n"
    "    for line in $lines; do\n"
    "        values+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
    "    done\n"
    "    (( $#values )) && _describe jeton values\n"
    "}\n"
    "if [[ $funcstack[1] == _jeton ]]; then\n"
    "    _jeton \"$@\"\n"
    "else\n"
    "    compdef _jeton jeton\n"
    "fi\n";

static const char fish[] =
    "# jeton completion fish | source, or keep this as ~/.config/fish/completions/jeton.fish\n"
    "function __jeton_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l current (commandline -ct)\n"
    "    set -l lines (command jeton completion fish -- $words[2..-1] \"$current\" 2>/dev/null)\n"
    "    if string match -q ':files*' -- \"$lines[1]\"\n"
    "        __fish_complete_path (string replace -r '^--[a-z-]+=' '' -- \"$current\")\n"
    "    else\n"
    "        printf '%s\\n' $lines\n"
    "    end\n"
    "end\n"
    "complete -c jeton -f -a '(__jeton_complete)'\n";

enum jt_err jt_cli_completion(const struct jt_cli_run *run, struct jt_diag *diag)
{
    static const struct {
        const char *name, *script;
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < JT_COUNT(shells); i++) {
        if (strcmp(run->args[0], shells[i].name) != 0) {
            continue;
        }
        if (run->n_args == 1) {
            (void)fputs(shells[i].script, stdout); /* main asks ferror() at the end */
            return JT_OK;
        }
        return jt_cli_complete_words(run, &run->args[1], run->n_args - 1);
    }
    return jt_diag_fail(diag, JT_ERR_USAGE, "there is a completion for bash, zsh and fish");
}
