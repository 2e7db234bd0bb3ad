# Completion of acc for bash. Written by tools/gencompletions.py: change tools/completions/acc.bash, then run it.
#
# The tables below say what there is; names of things come from a file of acc's own, through `acc __complete`.

_acc_commands() {
  case "$*" in
    '') REPLY='login logout whoami ssh ssh-config connect proxy audit dev scopes auth-methods accounts users groups roles host-catalogs host-sets hosts targets aliases sessions auth-tokens workers audit-events' ;;
    'audit') REPLY='events' ;;
    'scopes' | 'auth-methods' | 'host-catalogs' | 'hosts' | 'aliases') REPLY='list read create update delete' ;;
    'accounts') REPLY='list read create update delete set-password change-password' ;;
    'users') REPLY='list read create update delete add-accounts set-accounts remove-accounts list-resolvable-aliases' ;;
    'groups') REPLY='list read create update delete add-members set-members remove-members' ;;
    'roles') REPLY='list read create update delete add-principals set-principals remove-principals add-grants set-grants remove-grants add-grant-scopes set-grant-scopes remove-grant-scopes' ;;
    'host-sets') REPLY='list read create update delete add-hosts set-hosts remove-hosts' ;;
    'targets') REPLY='list read create update delete authorize-session add-host-sources set-host-sources remove-host-sources' ;;
    'sessions') REPLY='list read cancel watch' ;;
    'auth-tokens') REPLY='list read delete' ;;
    'workers') REPLY='list read update delete create-controller-led add-worker-tags set-worker-tags remove-worker-tags' ;;
    'audit-events') REPLY='list read' ;;
    *) REPLY='' reply=() ;;
  esac
}

_acc_options() {
  case "$*" in
    '') REPLY='--version -h --help' ;;
    'login') REPLY='--addr --cacert --login-name --password-file --password-env --password-stdin --json -h --help' ;;
    'logout' | 'whoami') REPLY='--json -h --help' ;;
    'ssh') REPLY='--host -h --help' ;;
    'ssh-config') REPLY='--all-hosts -h --help' ;;
    'connect') REPLY='--host --listen -h --help' ;;
    'proxy') REPLY='--host --linger -h --help' ;;
    'audit' | 'scopes' | 'auth-methods' | 'accounts' | 'users' | 'groups' | 'roles' | 'host-catalogs' | 'host-sets' | 'hosts' | 'targets' | 'aliases' | 'sessions' | 'auth-tokens' | 'workers' | 'audit-events') REPLY='-h --help' ;;
    'audit events') REPLY='--since --until --user --resource --target --outcome --scope --scope-id --filter -f --follow --interval --limit --page-size -o --output --json --wide -h --help' ;;
    'dev') REPLY='--json --target --state -h --help' ;;
    'scopes list' | 'auth-methods list' | 'users list' | 'groups list' | 'roles list' | 'host-catalogs list' | 'targets list' | 'aliases list' | 'auth-tokens list' | 'workers list' | 'audit-events list') REPLY='--scope --scope-id --filter --limit --page-size -o --output --json --wide -h --help' ;;
    'scopes read' | 'auth-methods read' | 'accounts read' | 'users read' | 'users list-resolvable-aliases' | 'groups read' | 'roles read' | 'host-catalogs read' | 'host-sets read' | 'hosts read' | 'targets read' | 'aliases read' | 'sessions read' | 'auth-tokens read' | 'workers read' | 'audit-events read') REPLY='-o --output --json -h --help' ;;
    'scopes create' | 'host-catalogs create') REPLY='--scope --scope-id --type --name --description -o --output --json -h --help' ;;
    'scopes update') REPLY='--name --description --primary-auth-method --primary-auth-method-id --clear --version -o --output --json -h --help' ;;
    'scopes delete' | 'auth-methods delete' | 'accounts delete' | 'users delete' | 'groups delete' | 'roles delete' | 'host-catalogs delete' | 'host-sets delete' | 'hosts delete' | 'targets delete' | 'aliases delete' | 'auth-tokens delete' | 'workers delete') REPLY='-y --yes -h --help' ;;
    'auth-methods create') REPLY='--scope --scope-id --type --name --description --min-login-name-length --min-password-length -o --output --json -h --help' ;;
    'auth-methods update') REPLY='--name --description --min-login-name-length --min-password-length --clear --version -o --output --json -h --help' ;;
    'accounts list') REPLY='--auth-method --auth-method-id --filter --limit --page-size -o --output --json --wide -h --help' ;;
    'accounts create') REPLY='--auth-method --auth-method-id --type --name --description --login-name --password-env --password-file -o --output --json -h --help' ;;
    'accounts update') REPLY='--name --description --login-name --clear --version -o --output --json -h --help' ;;
    'accounts set-password') REPLY='--password-env --password-file --version -o --output --json -h --help' ;;
    'accounts change-password') REPLY='--current-password-env --current-password-file --new-password-env --new-password-file --version -o --output --json -h --help' ;;
    'users create') REPLY='--scope --scope-id --name --description --full-name --email -o --output --json -h --help' ;;
    'users update') REPLY='--name --description --full-name --email --clear --version -o --output --json -h --help' ;;
    'users add-accounts' | 'users remove-accounts' | 'groups add-members' | 'groups remove-members' | 'roles add-principals' | 'roles remove-principals' | 'roles add-grants' | 'roles remove-grants' | 'roles add-grant-scopes' | 'roles remove-grant-scopes' | 'host-sets add-hosts' | 'host-sets remove-hosts' | 'targets add-host-sources' | 'targets remove-host-sources' | 'workers add-worker-tags' | 'workers remove-worker-tags') REPLY='--version -o --output --json -h --help' ;;
    'users set-accounts' | 'groups set-members' | 'roles set-principals' | 'roles set-grants' | 'roles set-grant-scopes' | 'host-sets set-hosts' | 'targets set-host-sources' | 'workers set-worker-tags') REPLY='--none --version -o --output --json -h --help' ;;
    'groups create' | 'roles create' | 'workers create-controller-led') REPLY='--scope --scope-id --name --description -o --output --json -h --help' ;;
    'groups update' | 'roles update' | 'host-catalogs update' | 'host-sets update' | 'workers update') REPLY='--name --description --clear --version -o --output --json -h --help' ;;
    'host-sets list' | 'hosts list') REPLY='--host-catalog --host-catalog-id --filter --limit --page-size -o --output --json --wide -h --help' ;;
    'host-sets create') REPLY='--host-catalog --host-catalog-id --type --name --description -o --output --json -h --help' ;;
    'hosts create') REPLY='--host-catalog --host-catalog-id --type --name --description --address -o --output --json -h --help' ;;
    'hosts update') REPLY='--name --description --address --clear --version -o --output --json -h --help' ;;
    'targets create') REPLY='--scope --scope-id --type --name --description --address --session-max-seconds --session-connection-limit --egress-worker-filter --default-port --default-client-port --extra-port --outage-policy -o --output --json -h --help' ;;
    'targets update') REPLY='--name --description --address --session-max-seconds --session-connection-limit --egress-worker-filter --default-port --default-client-port --extra-port --outage-policy --clear --version -o --output --json -h --help' ;;
    'targets authorize-session') REPLY='--port --host --host-id -o --output --json -h --help' ;;
    'aliases create') REPLY='--scope --scope-id --type --name --description --value --destination --destination-id --authorize-session-arguments -o --output --json -h --help' ;;
    'aliases update') REPLY='--name --description --value --destination --destination-id --authorize-session-arguments --clear --version -o --output --json -h --help' ;;
    'sessions list') REPLY='--scope --scope-id --all --include-terminated --filter --limit --page-size -o --output --json --wide -h --help' ;;
    'sessions cancel') REPLY='--all --json -h --help' ;;
    'sessions watch') REPLY='--filter --scope --scope-id --recursive --no-recursive --interval -h --help' ;;
    *) REPLY='' reply=() ;;
  esac
}

_acc_value() {
  case "$*" in
    'audit events --target') REPLY='@targets' ;;
    'audit events -o' | 'audit events --output' | 'scopes list -o' | 'scopes list --output' | 'auth-methods list -o' | 'auth-methods list --output' | 'accounts list -o' | 'accounts list --output' | 'users list -o' | 'users list --output' | 'groups list -o' | 'groups list --output' | 'roles list -o' | 'roles list --output' | 'host-catalogs list -o' | 'host-catalogs list --output' | 'host-sets list -o' | 'host-sets list --output' | 'hosts list -o' | 'hosts list --output' | 'targets list -o' | 'targets list --output' | 'aliases list -o' | 'aliases list --output' | 'sessions list -o' | 'sessions list --output' | 'auth-tokens list -o' | 'auth-tokens list --output' | 'workers list -o' | 'workers list --output' | 'audit-events list -o' | 'audit-events list --output') REPLY='=table json id name wide' ;;
    'dev --target' | 'scopes update --version' | 'auth-methods update --version' | 'accounts update --version' | 'accounts set-password --version' | 'accounts change-password --version' | 'users update --version' | 'users add-accounts --version' | 'users set-accounts --version' | 'users remove-accounts --version' | 'groups update --version' | 'groups add-members --version' | 'groups set-members --version' | 'groups remove-members --version' | 'roles update --version' | 'roles add-principals --version' | 'roles set-principals --version' | 'roles remove-principals --version' | 'roles add-grants --version' | 'roles set-grants --version' | 'roles remove-grants --version' | 'roles add-grant-scopes --version' | 'roles set-grant-scopes --version' | 'roles remove-grant-scopes --version' | 'host-catalogs update --version' | 'host-sets update --version' | 'host-sets add-hosts --version' | 'host-sets set-hosts --version' | 'host-sets remove-hosts --version' | 'hosts update --version' | 'targets update --version' | 'targets add-host-sources --version' | 'targets set-host-sources --version' | 'targets remove-host-sources --version' | 'aliases update --version' | 'workers update --version' | 'workers add-worker-tags --version' | 'workers set-worker-tags --version' | 'workers remove-worker-tags --version') REPLY='any' ;;
    'scopes read -o' | 'scopes read --output' | 'scopes create -o' | 'scopes create --output' | 'scopes update -o' | 'scopes update --output' | 'auth-methods read -o' | 'auth-methods read --output' | 'auth-methods create -o' | 'auth-methods create --output' | 'auth-methods update -o' | 'auth-methods update --output' | 'accounts read -o' | 'accounts read --output' | 'accounts create -o' | 'accounts create --output' | 'accounts update -o' | 'accounts update --output' | 'accounts set-password -o' | 'accounts set-password --output' | 'accounts change-password -o' | 'accounts change-password --output' | 'users read -o' | 'users read --output' | 'users create -o' | 'users create --output' | 'users update -o' | 'users update --output' | 'users add-accounts -o' | 'users add-accounts --output' | 'users set-accounts -o' | 'users set-accounts --output' | 'users remove-accounts -o' | 'users remove-accounts --output' | 'users list-resolvable-aliases -o' | 'users list-resolvable-aliases --output' | 'groups read -o' | 'groups read --output' | 'groups create -o' | 'groups create --output' | 'groups update -o' | 'groups update --output' | 'groups add-members -o' | 'groups add-members --output' | 'groups set-members -o' | 'groups set-members --output' | 'groups remove-members -o' | 'groups remove-members --output' | 'roles read -o' | 'roles read --output' | 'roles create -o' | 'roles create --output' | 'roles update -o' | 'roles update --output' | 'roles add-principals -o' | 'roles add-principals --output' | 'roles set-principals -o' | 'roles set-principals --output' | 'roles remove-principals -o' | 'roles remove-principals --output' | 'roles add-grants -o' | 'roles add-grants --output' | 'roles set-grants -o' | 'roles set-grants --output' | 'roles remove-grants -o' | 'roles remove-grants --output' | 'roles add-grant-scopes -o' | 'roles add-grant-scopes --output' | 'roles set-grant-scopes -o' | 'roles set-grant-scopes --output' | 'roles remove-grant-scopes -o' | 'roles remove-grant-scopes --output' | 'host-catalogs read -o' | 'host-catalogs read --output' | 'host-catalogs create -o' | 'host-catalogs create --output' | 'host-catalogs update -o' | 'host-catalogs update --output' | 'host-sets read -o' | 'host-sets read --output' | 'host-sets create -o' | 'host-sets create --output' | 'host-sets update -o' | 'host-sets update --output' | 'host-sets add-hosts -o' | 'host-sets add-hosts --output' | 'host-sets set-hosts -o' | 'host-sets set-hosts --output' | 'host-sets remove-hosts -o' | 'host-sets remove-hosts --output' | 'hosts read -o' | 'hosts read --output' | 'hosts create -o' | 'hosts create --output' | 'hosts update -o' | 'hosts update --output' | 'targets read -o' | 'targets read --output' | 'targets create -o' | 'targets create --output' | 'targets update -o' | 'targets update --output' | 'targets authorize-session -o' | 'targets authorize-session --output' | 'targets add-host-sources -o' | 'targets add-host-sources --output' | 'targets set-host-sources -o' | 'targets set-host-sources --output' | 'targets remove-host-sources -o' | 'targets remove-host-sources --output' | 'aliases read -o' | 'aliases read --output' | 'aliases create -o' | 'aliases create --output' | 'aliases update -o' | 'aliases update --output' | 'sessions read -o' | 'sessions read --output' | 'auth-tokens read -o' | 'auth-tokens read --output' | 'workers read -o' | 'workers read --output' | 'workers update -o' | 'workers update --output' | 'workers create-controller-led -o' | 'workers create-controller-led --output' | 'workers add-worker-tags -o' | 'workers add-worker-tags --output' | 'workers set-worker-tags -o' | 'workers set-worker-tags --output' | 'workers remove-worker-tags -o' | 'workers remove-worker-tags --output' | 'audit-events read -o' | 'audit-events read --output') REPLY='=table json id name' ;;
    'scopes update --clear') REPLY='=description primary-auth-method-id' ;;
    'auth-methods update --clear') REPLY='=name description min-login-name-length min-password-length' ;;
    'accounts update --clear' | 'groups update --clear' | 'roles update --clear' | 'host-catalogs update --clear' | 'host-sets update --clear' | 'hosts update --clear') REPLY='=name description' ;;
    'users update --clear') REPLY='=description full-name email' ;;
    'targets update --clear') REPLY='=description address session-max-seconds session-connection-limit egress-worker-filter default-client-port extra-ports outage-policy' ;;
    'aliases update --clear') REPLY='=name description destination-id authorize-session-arguments' ;;
    'workers update --clear') REPLY='=description' ;;
    *' --addr' | *' --login-name' | *' --password-env' | *' --all-hosts' | *' --listen' | *' --linger' | *' --since' | *' --until' | *' --resource' | *' --outcome' | *' --filter' | *' --interval' | *' --limit' | *' --page-size' | *' --type' | *' --name' | *' --description' | *' --min-login-name-length' | *' --min-password-length' | *' --current-password-env' | *' --new-password-env' | *' --full-name' | *' --email' | *' --address' | *' --session-max-seconds' | *' --session-connection-limit' | *' --egress-worker-filter' | *' --default-port' | *' --default-client-port' | *' --extra-port' | *' --outage-policy' | *' --port' | *' --value' | *' --authorize-session-arguments') REPLY='any' ;;
    *' --cacert' | *' --password-file' | *' --state' | *' --current-password-file' | *' --new-password-file') REPLY='files' ;;
    *' --host' | *' --host-id') REPLY='@hosts' ;;
    *' --user') REPLY='@users' ;;
    *' --scope' | *' --scope-id') REPLY='@scopes' ;;
    *' --primary-auth-method' | *' --primary-auth-method-id' | *' --auth-method' | *' --auth-method-id') REPLY='@auth-methods' ;;
    *' --host-catalog' | *' --host-catalog-id') REPLY='@host-catalogs' ;;
    *' --destination' | *' --destination-id') REPLY='@targets' ;;
    *) REPLY='' reply=() ;;
  esac
}

_acc_argument() {
  case "$*" in
    'ssh 0' | 'connect 0' | 'proxy 0' | 'targets read 0' | 'targets update 0' | 'targets authorize-session 0' | 'targets add-host-sources 0' | 'targets set-host-sources 0' | 'targets remove-host-sources 0') REPLY='@targets' ;;
    'connect 1' | 'proxy 1') REPLY='any' ;;
    'scopes read 0' | 'scopes update 0') REPLY='@scopes' ;;
    'auth-methods read 0' | 'auth-methods update 0') REPLY='@auth-methods' ;;
    'accounts read 0' | 'accounts update 0' | 'accounts set-password 0' | 'accounts change-password 0') REPLY='@accounts' ;;
    'users read 0' | 'users update 0' | 'users add-accounts 0' | 'users set-accounts 0' | 'users remove-accounts 0' | 'users list-resolvable-aliases 0') REPLY='@users' ;;
    'groups read 0' | 'groups update 0' | 'groups add-members 0' | 'groups set-members 0' | 'groups remove-members 0') REPLY='@groups' ;;
    'roles read 0' | 'roles update 0' | 'roles add-principals 0' | 'roles set-principals 0' | 'roles remove-principals 0' | 'roles add-grants 0' | 'roles set-grants 0' | 'roles remove-grants 0' | 'roles add-grant-scopes 0' | 'roles set-grant-scopes 0' | 'roles remove-grant-scopes 0') REPLY='@roles' ;;
    'host-catalogs read 0' | 'host-catalogs update 0') REPLY='@host-catalogs' ;;
    'host-sets read 0' | 'host-sets update 0' | 'host-sets add-hosts 0' | 'host-sets set-hosts 0' | 'host-sets remove-hosts 0') REPLY='@host-sets' ;;
    'hosts read 0' | 'hosts update 0') REPLY='@hosts' ;;
    'aliases read 0' | 'aliases update 0') REPLY='@aliases' ;;
    'sessions read 0') REPLY='@sessions' ;;
    'sessions cancel 0') REPLY='@sessions @targets' ;;
    'auth-tokens read 0') REPLY='@auth-tokens' ;;
    'workers read 0' | 'workers update 0' | 'workers add-worker-tags 0' | 'workers set-worker-tags 0' | 'workers remove-worker-tags 0') REPLY='@workers' ;;
    'audit-events read 0') REPLY='@audit-events' ;;
    'ssh '* | 'roles add-grants '* | 'roles set-grants '* | 'roles remove-grants '* | 'workers add-worker-tags '* | 'workers set-worker-tags '* | 'workers remove-worker-tags '*) REPLY='any' ;;
    'scopes delete '* | 'roles add-grant-scopes '* | 'roles set-grant-scopes '* | 'roles remove-grant-scopes '*) REPLY='@scopes' ;;
    'auth-methods delete '*) REPLY='@auth-methods' ;;
    'accounts delete '* | 'users add-accounts '* | 'users set-accounts '* | 'users remove-accounts '*) REPLY='@accounts' ;;
    'users delete '* | 'groups add-members '* | 'groups set-members '* | 'groups remove-members '*) REPLY='@users' ;;
    'groups delete '*) REPLY='@groups' ;;
    'roles delete '*) REPLY='@roles' ;;
    'roles add-principals '* | 'roles set-principals '* | 'roles remove-principals '*) REPLY='@users @groups' ;;
    'host-catalogs delete '*) REPLY='@host-catalogs' ;;
    'host-sets delete '* | 'targets add-host-sources '* | 'targets set-host-sources '* | 'targets remove-host-sources '*) REPLY='@host-sets' ;;
    'host-sets add-hosts '* | 'host-sets set-hosts '* | 'host-sets remove-hosts '* | 'hosts delete '*) REPLY='@hosts' ;;
    'targets delete '*) REPLY='@targets' ;;
    'aliases delete '*) REPLY='@aliases' ;;
    'auth-tokens delete '*) REPLY='@auth-tokens' ;;
    'workers delete '*) REPLY='@workers' ;;
    *) REPLY='' reply=() ;;
  esac
}

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
