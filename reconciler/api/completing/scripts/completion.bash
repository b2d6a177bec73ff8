_reconciler_completion() {
    local IFS=$'\n' line kind value
    COMPREPLY=()
    for line in $(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \
        COMP_BREAKS="$COMP_WORDBREAKS" _RECONCILER_COMPLETE=bash_complete "$1" 2>/dev/null); do
        kind=${line%%$'\t'*}
        value=${line#*$'\t'}
        value=${value%%$'\t'*}
        case $kind in
            file) compopt -o default -o bashdefault ;;
            dir) compopt -o dirnames ;;
            path) compopt -o filenames; COMPREPLY+=("${value%/}") ;;
            part) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
}
complete -o nosort -F _reconciler_completion reconciler
