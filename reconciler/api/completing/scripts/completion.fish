function _reconciler_completion
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (env COMP_WORDS=(string join \n -- $words $current | string collect) \
        COMP_CWORD=(count $words) _RECONCILER_COMPLETE=fish_complete $words[1] 2>/dev/null)
    for line in $lines
        set -l part (string split \t -- $line)
        switch $part[1]
            case file
                __fish_complete_path $current
            case dir
                __fish_complete_directories $current
            case '*'
                if test -n "$part[3]"
                    echo $part[2]\t$part[3]
                else
                    echo $part[2]
                end
        end
    end
end
complete --no-files --command reconciler --arguments '(_reconciler_completion)'
