# Completion of acc for fish. Written by tools/gencompletions.py: change tools/completions/acc.fish, then run it.
#
# The tables below say what there is; names of things come from a file of acc's own, through `acc __complete`.

@TABLES@

# Offers what a value of the kind $argv[1] may be: =words, @plurals, files, or anything.
function __acc_offer_values
    switch "$argv[1]"
        case '=*'
            string split ' ' -- (string sub --start 2 -- $argv[1])
        case files
            __fish_complete_path (commandline -ct)
        case '@*'
            set -l typed (commandline -opc)
            $typed[1] __complete (commandline -ct) (string split ' ' -- (string replace --all @ '' -- $argv[1])) 2>/dev/null
    end
end

function __acc_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l at ''
    set -l place 0
    set -l expects ''
    for word in $typed[2..-1]
        if test -n "$expects"
            set expects ''
        else if test "$word" = --
            return
        else if string match --quiet -- '-*' $word
            set expects (__acc_value "$at" $word)
        else if test $place = 0; and __acc_commands "$at" | string match --quiet --regex -- '^'(string escape --style=regex -- $word)'\t'
            set at (string trim -- "$at $word")
        else
            set place (math $place + 1)
        end
    end
    if test -n "$expects"
        __acc_offer_values "$expects"
    else if string match --quiet -- '-*' $current
        __acc_options "$at"
    else
        __acc_commands "$at"
        __acc_offer_values (__acc_argument "$at" $place)
    end
end

complete -c acc --no-files --keep-order -a '(__acc_complete)'
