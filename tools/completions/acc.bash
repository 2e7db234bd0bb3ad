# Completion of acc for bash. Written by tools/gencompletions.py: change tools/completions/acc.bash, then run it.
#
# The tables below say what there is; names of things come from a file of acc's own, through `acc __complete`.

@TABLES@

# Offers the words of $1 that begin with what is typed.
_acc_offer_words() {
  local word
  for word in $1; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

# Offers what a value of the kind $1 may be: =words, @plurals, files, or anything.
_acc_offer_values() {
  local value
  case $1 in
    =*) _acc_offer_words "${1#=}" ;;
    files) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames 2>/dev/null ;;
    @*)
      # Word by word and never through compgen -W, which would expand what it is given.
      while IFS=$'\t' read -r value _; do
        [[ $value == "$cur"* ]] && COMPREPLY+=("$value")
      done < <("${COMP_WORDS[0]}" __complete "$cur" ${1//@/} 2>/dev/null)
      ;;
  esac
}

_acc() {
  local cur=${COMP_WORDS[COMP_CWORD]} at='' place=0 expects='' index word REPLY
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [[ -n $expects ]]; then
      expects=''
    elif [[ $word == -- ]]; then
      return
    elif [[ $word == -* ]]; then
      _acc_value "$at" "$word"
      expects=$REPLY
    else
      _acc_commands "$at"
      if [[ $place == 0 && " $REPLY " == *" $word "* ]]; then
        at="${at:+$at }$word"
      else
        ((place++))
      fi
    fi
  done
  if [[ -n $expects ]]; then
    _acc_offer_values "$expects"
  elif [[ $cur == -* ]]; then
    _acc_options "$at"
    _acc_offer_words "$REPLY"
  else
    _acc_commands "$at"
    _acc_offer_words "$REPLY"
    _acc_argument "$at" "$place"
    _acc_offer_values "$REPLY"
  fi
}

complete -F _acc acc
