#compdef reconciler
_reconciler_completion() {
    local -a lines plain shown part parts
    local line kind value help found=1
    lines=("${(@f)$(COMP_WORDS="${(pj:\n:)words[1,$CURRENT]}" COMP_CWORD=$((CURRENT-1)) \
        _RECONCILER_COMPLETE=zsh_complete $words[1] 2>/dev/null)}")
    for line in $lines; do
        part=("${(@ps:\t:)line}")
        kind=$part[1] value=$part[2] help=$part[3]
        case $kind in
            file) compset -P '*='; _files && found=0 ;;
            dir) compset -P '*='; _files -/ && found=0 ;;
            path)
                if [[ $value == */ ]]; then
                    compadd -U -S '' -- "$value" && found=0
                else
                    compadd -U -f -- "$value" && found=0
                fi ;;
            part) compadd -U -S '' -- "$value" && found=0 ;;
            plain) plain+=("$value"); shown+=("$value${help:+  -- $help}") ;;
        esac
    done
    (( $#plain )) && compadd -U -l -d shown -a plain && found=0
    return found
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _reconciler_completion "$@"
else
    compdef _reconciler_completion reconciler
fi
