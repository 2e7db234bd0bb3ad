# Completion of acc for fish. Written by tools/gencompletions.py: change tools/completions/acc.fish, then run it.
#
# The tables below say what there is; names of things come from a file of acc's own, through `acc __complete`.

function __acc_commands
    switch "$argv"
        case ''
            printf '%s\t%s\n' 'login' 'Log in to a controller.' 'logout' 'Revoke the login and forget it here, with its cached tickets.' 'whoami' 'Say who is logged in, and where.' 'ssh' 'Run ssh to a target, with more arguments for ssh after it.' 'ssh-config' 'Print an ssh_config block that makes `ssh NAME` work.' 'connect' 'Open a local port that leads to a target.' 'proxy' 'Carry stdin and stdout to a target; what ssh runs.' 'audit' 'Read the record of every decision.' 'dev' 'Run a whole system on this machine, to try acc.' 'scopes' 'Orgs, and the projects in them.' 'auth-methods' 'Ways to log in.' 'accounts' 'Login names in an auth method.' 'users' 'People and programs.' 'groups' 'Users under one name.' 'roles' 'What is allowed, to whom, where.' 'host-catalogs' 'Collections of hosts.' 'host-sets' 'Hosts that do the same job.' 'hosts' 'Machines, by address.' 'targets' 'What people reach.' 'aliases' 'Names that lead to a target from everywhere.' 'sessions' 'Who may reach what right now, and who has.' 'auth-tokens' 'Logins.' 'workers' 'What carries connections.' 'audit-events' 'Every decision, as it was made.'
        case 'audit'
            printf '%s\t%s\n' 'events' 'List events, newest first.'
        case 'scopes'
            printf '%s\t%s\n' 'list' 'List scopes, newest first.' 'read' 'Show a scope.' 'create' 'Make a scope.' 'update' 'Change a scope.' 'delete' 'Delete scopes.'
        case 'auth-methods'
            printf '%s\t%s\n' 'list' 'List auth methods, newest first.' 'read' 'Show an auth method.' 'create' 'Make an auth method.' 'update' 'Change an auth method.' 'delete' 'Delete auth methods.'
        case 'accounts'
            printf '%s\t%s\n' 'list' 'List accounts, newest first.' 'read' 'Show an account.' 'create' 'Make an account.' 'update' 'Change an account.' 'delete' 'Delete accounts.' 'set-password' 'Give it a new password.' 'change-password' 'Trade its password for a new one.'
        case 'users'
            printf '%s\t%s\n' 'list' 'List users, newest first.' 'read' 'Show a user.' 'create' 'Make a user.' 'update' 'Change a user.' 'delete' 'Delete users.' 'add-accounts' 'Add accounts.' 'set-accounts' 'Make these all its accounts.' 'remove-accounts' 'Take accounts away.' 'list-resolvable-aliases' 'The aliases that lead the user somewhere.'
        case 'groups'
            printf '%s\t%s\n' 'list' 'List groups, newest first.' 'read' 'Show a group.' 'create' 'Make a group.' 'update' 'Change a group.' 'delete' 'Delete groups.' 'add-members' 'Add members.' 'set-members' 'Make these all its members.' 'remove-members' 'Take members away.'
        case 'roles'
            printf '%s\t%s\n' 'list' 'List roles, newest first.' 'read' 'Show a role.' 'create' 'Make a role.' 'update' 'Change a role.' 'delete' 'Delete roles.' 'add-principals' 'Add principals.' 'set-principals' 'Make these all its principals.' 'remove-principals' 'Take principals away.' 'add-grants' 'Add grants.' 'set-grants' 'Make these all its grants.' 'remove-grants' 'Take grants away.' 'add-grant-scopes' 'Add grant scopes.' 'set-grant-scopes' 'Make these all its grant scopes.' 'remove-grant-scopes' 'Take grant scopes away.'
        case 'host-catalogs'
            printf '%s\t%s\n' 'list' 'List host catalogs, newest first.' 'read' 'Show a host catalog.' 'create' 'Make a host catalog.' 'update' 'Change a host catalog.' 'delete' 'Delete host catalogs.'
        case 'host-sets'
            printf '%s\t%s\n' 'list' 'List host sets, newest first.' 'read' 'Show a host set.' 'create' 'Make a host set.' 'update' 'Change a host set.' 'delete' 'Delete host sets.' 'add-hosts' 'Add hosts.' 'set-hosts' 'Make these all its hosts.' 'remove-hosts' 'Take hosts away.'
        case 'hosts'
            printf '%s\t%s\n' 'list' 'List hosts, newest first.' 'read' 'Show a host.' 'create' 'Make a host.' 'update' 'Change a host.' 'delete' 'Delete hosts.'
        case 'targets'
            printf '%s\t%s\n' 'list' 'List targets, newest first.' 'read' 'Show a target.' 'create' 'Make a target.' 'update' 'Change a target.' 'delete' 'Delete targets.' 'authorize-session' 'A session for it, and the ticket that proves it.' 'add-host-sources' 'Add host sources.' 'set-host-sources' 'Make these all its host sources.' 'remove-host-sources' 'Take host sources away.'
        case 'aliases'
            printf '%s\t%s\n' 'list' 'List aliases, newest first.' 'read' 'Show an alias.' 'create' 'Make an alias.' 'update' 'Change an alias.' 'delete' 'Delete aliases.'
        case 'sessions'
            printf '%s\t%s\n' 'list' 'List sessions, newest first.' 'read' 'Show a session.' 'cancel' 'End a session and its connections.' 'watch' 'Watch sessions live: who, where, since when, how much, how fast.'
        case 'auth-tokens'
            printf '%s\t%s\n' 'list' 'List auth tokens, newest first.' 'read' 'Show an auth token.' 'delete' 'Delete auth tokens.'
        case 'workers'
            printf '%s\t%s\n' 'list' 'List workers, newest first.' 'read' 'Show a worker.' 'update' 'Change a worker.' 'delete' 'Delete workers.' 'create-controller-led' 'Make a worker, and the token that enrols it.' 'add-worker-tags' 'Add worker tags.' 'set-worker-tags' 'Make these all its worker tags.' 'remove-worker-tags' 'Take worker tags away.'
        case 'audit-events'
            printf '%s\t%s\n' 'list' 'List audit events, newest first.' 'read' 'Show an audit event.'
    end
end

function __acc_options
    switch "$argv"
        case ''
            printf '%s\t%s\n' '--version' 'Show the version and exit' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'login'
            printf '%s\t%s\n' '--addr' 'The controller, https://host:port; else ACC_ADDR or the last login'\''s' '--cacert' 'The CA that signs it; else ACC_CACERT, or what the system trusts' '--login-name' 'Asked for where it is not given' '--password-stdin' 'Read the password from stdin instead of asking for it' '--json' 'Print who is logged in as JSON' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'logout'
            printf '%s\t%s\n' '--json' 'Print what was forgotten as JSON' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'whoami'
            printf '%s\t%s\n' '--json' 'Print the user as the API gives it' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'ssh' 'audit' 'scopes' 'auth-methods' 'accounts' 'users' 'groups' 'roles' 'host-catalogs' 'host-sets' 'hosts' 'targets' 'aliases' 'sessions' 'auth-tokens' 'workers' 'audit-events'
            printf '%s\t%s\n' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'ssh-config'
            printf '%s\t%s\n' '--all-hosts' 'One block for every host that matches, such as '\''*.acc'\''' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'connect'
            printf '%s\t%s\n' '--listen' 'Where to listen; loopback only' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'proxy'
            printf '%s\t%s\n' '--linger' 'How long to wait for the other direction once stdout is closed' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'audit events'
            printf '%s\t%s\n' '--since' 'Not before: 90m, 7d, or a time' '--user' 'Only what this user asked for' '--target' 'Only what concerns this target' '--outcome' 'Only those that ended so: ok, or an error'\''s code' '--scope' 'Only those in it; else all that you may see' '--scope-id' 'Only those in it; else all that you may see' '--filter' 'Only items for which this is true; see docs/cli.md' '--limit' 'At most so many' '--page-size' 'Ask for so many at a time' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '--wide' 'A table of every field; the same as -o wide' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'dev'
            printf '%s\t%s\n' '--json' 'Print one line of JSON when everything is ready' '--target' 'A TCP target to add; repeatable' '--state' 'Keep the data there; without it all is temporary' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'scopes list' 'auth-methods list' 'users list' 'groups list' 'roles list' 'host-catalogs list' 'targets list' 'aliases list' 'auth-tokens list' 'workers list' 'audit-events list'
            printf '%s\t%s\n' '--scope' 'Only those in it; else all that you may see' '--scope-id' 'Only those in it; else all that you may see' '--filter' 'Only items for which this is true; see docs/cli.md' '--limit' 'At most so many' '--page-size' 'Ask for so many at a time' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '--wide' 'A table of every field; the same as -o wide' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'scopes read' 'auth-methods read' 'accounts read' 'users read' 'users list-resolvable-aliases' 'groups read' 'roles read' 'host-catalogs read' 'host-sets read' 'hosts read' 'targets read' 'aliases read' 'sessions read' 'auth-tokens read' 'workers read' 'audit-events read'
            printf '%s\t%s\n' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'scopes create'
            printf '%s\t%s\n' '--scope' 'Where it will live: global or org' '--scope-id' 'Where it will live: global or org' '--type' 'Which kind of it this is' '--name' 'The name, unique where it lives' '--description' 'Words for people' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'scopes update'
            printf '%s\t%s\n' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--primary-auth-method' 'How people log in to it' '--primary-auth-method-id' 'How people log in to it' '--clear' 'Reset it: description, primary-auth-method-id' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'scopes delete' 'auth-methods delete' 'accounts delete' 'users delete' 'groups delete' 'roles delete' 'host-catalogs delete' 'host-sets delete' 'hosts delete' 'targets delete' 'aliases delete' 'auth-tokens delete' 'workers delete'
            printf '%s\t%s\n' '-y' 'Do not ask' '--yes' 'Do not ask' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'auth-methods create'
            printf '%s\t%s\n' '--scope' 'Where it will live: global or org' '--scope-id' 'Where it will live: global or org' '--type' 'Which kind of it this is' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--min-login-name-length' 'The shortest login name' '--min-password-length' 'The shortest password' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'auth-methods update'
            printf '%s\t%s\n' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--min-login-name-length' 'The shortest login name' '--min-password-length' 'The shortest password' '--clear' 'Reset it: name, description, min-login-name-length, min-password-length' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'accounts list'
            printf '%s\t%s\n' '--auth-method' 'Only those in it; else all that you may see' '--auth-method-id' 'Only those in it; else all that you may see' '--filter' 'Only items for which this is true; see docs/cli.md' '--limit' 'At most so many' '--page-size' 'Ask for so many at a time' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '--wide' 'A table of every field; the same as -o wide' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'accounts create'
            printf '%s\t%s\n' '--auth-method' 'Where it will live: a auth-method' '--auth-method-id' 'Where it will live: a auth-method' '--type' 'Which kind of it this is' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--login-name' 'What its owner logs in as' '--password-env' 'Its first password; it is never shown' '--password-file' 'Its first password; it is never shown' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'accounts update'
            printf '%s\t%s\n' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--login-name' 'What its owner logs in as' '--clear' 'Reset it: name, description' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'accounts set-password'
            printf '%s\t%s\n' '--password-env' 'The new password' '--password-file' 'The new password' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'accounts change-password'
            printf '%s\t%s\n' '--current-password-env' 'The one it has' '--current-password-file' 'The one it has' '--new-password-env' 'The one it gets' '--new-password-file' 'The one it gets' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'users create'
            printf '%s\t%s\n' '--scope' 'Where it will live: global or org' '--scope-id' 'Where it will live: global or org' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--full-name' 'Their name' '--email' 'Where to write to them' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'users update'
            printf '%s\t%s\n' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--full-name' 'Their name' '--email' 'Where to write to them' '--clear' 'Reset it: description, full-name, email' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'users add-accounts' 'users remove-accounts' 'groups add-members' 'groups remove-members' 'roles add-principals' 'roles remove-principals' 'roles add-grants' 'roles remove-grants' 'roles add-grant-scopes' 'roles remove-grant-scopes' 'host-sets add-hosts' 'host-sets remove-hosts' 'targets add-host-sources' 'targets remove-host-sources' 'workers add-worker-tags' 'workers remove-worker-tags'
            printf '%s\t%s\n' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'users set-accounts'
            printf '%s\t%s\n' '--none' 'No account ids at all' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'groups create' 'roles create'
            printf '%s\t%s\n' '--scope' 'Where it will live: global or org or project' '--scope-id' 'Where it will live: global or org or project' '--name' 'The name, unique where it lives' '--description' 'Words for people' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'groups update' 'roles update' 'host-catalogs update' 'host-sets update'
            printf '%s\t%s\n' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--clear' 'Reset it: name, description' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'groups set-members'
            printf '%s\t%s\n' '--none' 'No member ids at all' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'roles set-principals'
            printf '%s\t%s\n' '--none' 'No principal ids at all' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'roles set-grants'
            printf '%s\t%s\n' '--none' 'No grant strings at all' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'roles set-grant-scopes'
            printf '%s\t%s\n' '--none' 'No grant scope ids at all' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'host-catalogs create'
            printf '%s\t%s\n' '--scope' 'Where it will live: project' '--scope-id' 'Where it will live: project' '--type' 'Which kind of it this is' '--name' 'The name, unique where it lives' '--description' 'Words for people' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'host-sets list' 'hosts list'
            printf '%s\t%s\n' '--host-catalog' 'Only those in it; else all that you may see' '--host-catalog-id' 'Only those in it; else all that you may see' '--filter' 'Only items for which this is true; see docs/cli.md' '--limit' 'At most so many' '--page-size' 'Ask for so many at a time' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '--wide' 'A table of every field; the same as -o wide' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'host-sets create'
            printf '%s\t%s\n' '--host-catalog' 'Where it will live: a host-catalog' '--host-catalog-id' 'Where it will live: a host-catalog' '--type' 'Which kind of it this is' '--name' 'The name, unique where it lives' '--description' 'Words for people' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'host-sets set-hosts'
            printf '%s\t%s\n' '--none' 'No host ids at all' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'hosts create'
            printf '%s\t%s\n' '--host-catalog' 'Where it will live: a host-catalog' '--host-catalog-id' 'Where it will live: a host-catalog' '--type' 'Which kind of it this is' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--address' 'A name or an IP address, without a port' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'hosts update'
            printf '%s\t%s\n' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--address' 'A name or an IP address, without a port' '--clear' 'Reset it: name, description' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'targets create'
            printf '%s\t%s\n' '--scope' 'Where it will live: project' '--scope-id' 'Where it will live: project' '--type' 'Which kind of it this is' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--address' 'A name or an IP address; none with host sources' '--session-max-seconds' 'How long a session lasts' '--session-connection-limit' 'Connections in one session; -1: no limit' '--egress-worker-filter' 'Which workers may carry it' '--default-port' 'The port' '--default-client-port' 'The local port that acc connect opens' '--extra-port' 'Further ports that may be asked for' '--outage-policy' 'New connections while no controller answers: allow or deny' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'targets update'
            printf '%s\t%s\n' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--address' 'A name or an IP address; none with host sources' '--session-max-seconds' 'How long a session lasts' '--session-connection-limit' 'Connections in one session; -1: no limit' '--egress-worker-filter' 'Which workers may carry it' '--default-port' 'The port' '--default-client-port' 'The local port that acc connect opens' '--extra-port' 'Further ports that may be asked for' '--outage-policy' 'New connections while no controller answers: allow or deny' '--clear' 'Reset it: description, address, session-max-seconds, session-connection-limit, egress-worker-filter, default-client-port, extra-ports, outage-policy' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'targets authorize-session'
            printf '%s\t%s\n' '--port' 'One of its ports; the default one if none' '--host' 'One of its hosts; any if none' '--host-id' 'One of its hosts; any if none' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'targets set-host-sources'
            printf '%s\t%s\n' '--none' 'No host source ids at all' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'aliases create'
            printf '%s\t%s\n' '--scope' 'Where it will live' '--scope-id' 'Where it will live' '--type' 'Which kind of it this is' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--value' 'The name, as people type it; case does not count' '--destination' 'The target that it leads to' '--destination-id' 'The target that it leads to' '--authorize-session-arguments' 'What is asked for with it: host_id' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'aliases update'
            printf '%s\t%s\n' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--value' 'The name, as people type it; case does not count' '--destination' 'The target that it leads to' '--destination-id' 'The target that it leads to' '--authorize-session-arguments' 'What is asked for with it: host_id' '--clear' 'Reset it: name, description, destination-id, authorize-session-arguments' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'sessions list'
            printf '%s\t%s\n' '--scope' 'Only those in it; else all that you may see' '--scope-id' 'Only those in it; else all that you may see' '--all' 'Also those that have ended' '--include-terminated' 'Also those that have ended' '--filter' 'Only items for which this is true; see docs/cli.md' '--limit' 'At most so many' '--page-size' 'Ask for so many at a time' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '--wide' 'A table of every field; the same as -o wide' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'sessions cancel'
            printf '%s\t%s\n' '--all' 'End every live session of the target that is named' '--json' 'Print what was ended as the API gives it' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'sessions watch'
            printf '%s\t%s\n' '--filter' 'Show only sessions that name TEXT somewhere' '--scope' 'Where' '--scope-id' 'Where' '--recursive' 'Also look in the scopes below it; the default' '--no-recursive' 'Also look in the scopes below it; the default' '--interval' 'How often to look; 1' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'workers update'
            printf '%s\t%s\n' '--name' 'The name, unique where it lives' '--description' 'Words for people' '--clear' 'Reset it: description' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'workers create-controller-led'
            printf '%s\t%s\n' '--scope' 'Where it will live' '--scope-id' 'Where it will live' '--name' 'What it will be called' '--description' 'Words for people' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
        case 'workers set-worker-tags'
            printf '%s\t%s\n' '--none' 'No api tags at all' '--version' 'Change this version and no other; else the one that there is now' '-o' 'How to print it' '--output' 'How to print it' '--json' 'As the API gives it; the same as -o json' '-h' 'Show this message and exit' '--help' 'Show this message and exit'
    end
end

function __acc_value
    switch "$argv"
        case 'audit events --target'
            echo '@targets'
        case 'audit events -o' 'audit events --output' 'scopes list -o' 'scopes list --output' 'auth-methods list -o' 'auth-methods list --output' 'accounts list -o' 'accounts list --output' 'users list -o' 'users list --output' 'groups list -o' 'groups list --output' 'roles list -o' 'roles list --output' 'host-catalogs list -o' 'host-catalogs list --output' 'host-sets list -o' 'host-sets list --output' 'hosts list -o' 'hosts list --output' 'targets list -o' 'targets list --output' 'aliases list -o' 'aliases list --output' 'sessions list -o' 'sessions list --output' 'auth-tokens list -o' 'auth-tokens list --output' 'workers list -o' 'workers list --output' 'audit-events list -o' 'audit-events list --output'
            echo '=table json id name wide'
        case 'dev --target' 'scopes update --version' 'auth-methods update --version' 'accounts update --version' 'accounts set-password --version' 'accounts change-password --version' 'users update --version' 'users add-accounts --version' 'users set-accounts --version' 'users remove-accounts --version' 'groups update --version' 'groups add-members --version' 'groups set-members --version' 'groups remove-members --version' 'roles update --version' 'roles add-principals --version' 'roles set-principals --version' 'roles remove-principals --version' 'roles add-grants --version' 'roles set-grants --version' 'roles remove-grants --version' 'roles add-grant-scopes --version' 'roles set-grant-scopes --version' 'roles remove-grant-scopes --version' 'host-catalogs update --version' 'host-sets update --version' 'host-sets add-hosts --version' 'host-sets set-hosts --version' 'host-sets remove-hosts --version' 'hosts update --version' 'targets update --version' 'targets add-host-sources --version' 'targets set-host-sources --version' 'targets remove-host-sources --version' 'aliases update --version' 'workers update --version' 'workers add-worker-tags --version' 'workers set-worker-tags --version' 'workers remove-worker-tags --version'
            echo 'any'
        case 'scopes read -o' 'scopes read --output' 'scopes create -o' 'scopes create --output' 'scopes update -o' 'scopes update --output' 'auth-methods read -o' 'auth-methods read --output' 'auth-methods create -o' 'auth-methods create --output' 'auth-methods update -o' 'auth-methods update --output' 'accounts read -o' 'accounts read --output' 'accounts create -o' 'accounts create --output' 'accounts update -o' 'accounts update --output' 'accounts set-password -o' 'accounts set-password --output' 'accounts change-password -o' 'accounts change-password --output' 'users read -o' 'users read --output' 'users create -o' 'users create --output' 'users update -o' 'users update --output' 'users add-accounts -o' 'users add-accounts --output' 'users set-accounts -o' 'users set-accounts --output' 'users remove-accounts -o' 'users remove-accounts --output' 'users list-resolvable-aliases -o' 'users list-resolvable-aliases --output' 'groups read -o' 'groups read --output' 'groups create -o' 'groups create --output' 'groups update -o' 'groups update --output' 'groups add-members -o' 'groups add-members --output' 'groups set-members -o' 'groups set-members --output' 'groups remove-members -o' 'groups remove-members --output' 'roles read -o' 'roles read --output' 'roles create -o' 'roles create --output' 'roles update -o' 'roles update --output' 'roles add-principals -o' 'roles add-principals --output' 'roles set-principals -o' 'roles set-principals --output' 'roles remove-principals -o' 'roles remove-principals --output' 'roles add-grants -o' 'roles add-grants --output' 'roles set-grants -o' 'roles set-grants --output' 'roles remove-grants -o' 'roles remove-grants --output' 'roles add-grant-scopes -o' 'roles add-grant-scopes --output' 'roles set-grant-scopes -o' 'roles set-grant-scopes --output' 'roles remove-grant-scopes -o' 'roles remove-grant-scopes --output' 'host-catalogs read -o' 'host-catalogs read --output' 'host-catalogs create -o' 'host-catalogs create --output' 'host-catalogs update -o' 'host-catalogs update --output' 'host-sets read -o' 'host-sets read --output' 'host-sets create -o' 'host-sets create --output' 'host-sets update -o' 'host-sets update --output' 'host-sets add-hosts -o' 'host-sets add-hosts --output' 'host-sets set-hosts -o' 'host-sets set-hosts --output' 'host-sets remove-hosts -o' 'host-sets remove-hosts --output' 'hosts read -o' 'hosts read --output' 'hosts create -o' 'hosts create --output' 'hosts update -o' 'hosts update --output' 'targets read -o' 'targets read --output' 'targets create -o' 'targets create --output' 'targets update -o' 'targets update --output' 'targets authorize-session -o' 'targets authorize-session --output' 'targets add-host-sources -o' 'targets add-host-sources --output' 'targets set-host-sources -o' 'targets set-host-sources --output' 'targets remove-host-sources -o' 'targets remove-host-sources --output' 'aliases read -o' 'aliases read --output' 'aliases create -o' 'aliases create --output' 'aliases update -o' 'aliases update --output' 'sessions read -o' 'sessions read --output' 'auth-tokens read -o' 'auth-tokens read --output' 'workers read -o' 'workers read --output' 'workers update -o' 'workers update --output' 'workers create-controller-led -o' 'workers create-controller-led --output' 'workers add-worker-tags -o' 'workers add-worker-tags --output' 'workers set-worker-tags -o' 'workers set-worker-tags --output' 'workers remove-worker-tags -o' 'workers remove-worker-tags --output' 'audit-events read -o' 'audit-events read --output'
            echo '=table json id name'
        case 'scopes update --clear'
            echo '=description primary-auth-method-id'
        case 'auth-methods update --clear'
            echo '=name description min-login-name-length min-password-length'
        case 'accounts update --clear' 'groups update --clear' 'roles update --clear' 'host-catalogs update --clear' 'host-sets update --clear' 'hosts update --clear'
            echo '=name description'
        case 'users update --clear'
            echo '=description full-name email'
        case 'targets update --clear'
            echo '=description address session-max-seconds session-connection-limit egress-worker-filter default-client-port extra-ports outage-policy'
        case 'aliases update --clear'
            echo '=name description destination-id authorize-session-arguments'
        case 'workers update --clear'
            echo '=description'
        case '* --addr' '* --login-name' '* --all-hosts' '* --listen' '* --linger' '* --since' '* --outcome' '* --filter' '* --limit' '* --page-size' '* --type' '* --name' '* --description' '* --min-login-name-length' '* --min-password-length' '* --password-env' '* --current-password-env' '* --new-password-env' '* --full-name' '* --email' '* --address' '* --session-max-seconds' '* --session-connection-limit' '* --egress-worker-filter' '* --default-port' '* --default-client-port' '* --extra-port' '* --outage-policy' '* --port' '* --value' '* --authorize-session-arguments' '* --interval'
            echo 'any'
        case '* --cacert' '* --state' '* --password-file' '* --current-password-file' '* --new-password-file'
            echo 'files'
        case '* --user'
            echo '@users'
        case '* --scope' '* --scope-id'
            echo '@scopes'
        case '* --primary-auth-method' '* --primary-auth-method-id' '* --auth-method' '* --auth-method-id'
            echo '@auth-methods'
        case '* --host-catalog' '* --host-catalog-id'
            echo '@host-catalogs'
        case '* --host' '* --host-id'
            echo '@hosts'
        case '* --destination' '* --destination-id'
            echo '@targets'
    end
end

function __acc_argument
    switch "$argv"
        case 'ssh 0' 'connect 0' 'proxy 0' 'targets read 0' 'targets update 0' 'targets authorize-session 0' 'targets add-host-sources 0' 'targets set-host-sources 0' 'targets remove-host-sources 0'
            echo '@targets'
        case 'connect 1' 'proxy 1'
            echo 'any'
        case 'scopes read 0' 'scopes update 0'
            echo '@scopes'
        case 'auth-methods read 0' 'auth-methods update 0'
            echo '@auth-methods'
        case 'accounts read 0' 'accounts update 0' 'accounts set-password 0' 'accounts change-password 0'
            echo '@accounts'
        case 'users read 0' 'users update 0' 'users add-accounts 0' 'users set-accounts 0' 'users remove-accounts 0' 'users list-resolvable-aliases 0'
            echo '@users'
        case 'groups read 0' 'groups update 0' 'groups add-members 0' 'groups set-members 0' 'groups remove-members 0'
            echo '@groups'
        case 'roles read 0' 'roles update 0' 'roles add-principals 0' 'roles set-principals 0' 'roles remove-principals 0' 'roles add-grants 0' 'roles set-grants 0' 'roles remove-grants 0' 'roles add-grant-scopes 0' 'roles set-grant-scopes 0' 'roles remove-grant-scopes 0'
            echo '@roles'
        case 'host-catalogs read 0' 'host-catalogs update 0'
            echo '@host-catalogs'
        case 'host-sets read 0' 'host-sets update 0' 'host-sets add-hosts 0' 'host-sets set-hosts 0' 'host-sets remove-hosts 0'
            echo '@host-sets'
        case 'hosts read 0' 'hosts update 0'
            echo '@hosts'
        case 'aliases read 0' 'aliases update 0'
            echo '@aliases'
        case 'sessions read 0'
            echo '@sessions'
        case 'sessions cancel 0'
            echo '@sessions @targets'
        case 'auth-tokens read 0'
            echo '@auth-tokens'
        case 'workers read 0' 'workers update 0' 'workers add-worker-tags 0' 'workers set-worker-tags 0' 'workers remove-worker-tags 0'
            echo '@workers'
        case 'audit-events read 0'
            echo '@audit-events'
        case 'ssh *' 'roles add-grants *' 'roles set-grants *' 'roles remove-grants *' 'workers add-worker-tags *' 'workers set-worker-tags *' 'workers remove-worker-tags *'
            echo 'any'
        case 'scopes delete *' 'roles add-grant-scopes *' 'roles set-grant-scopes *' 'roles remove-grant-scopes *'
            echo '@scopes'
        case 'auth-methods delete *'
            echo '@auth-methods'
        case 'accounts delete *' 'users add-accounts *' 'users set-accounts *' 'users remove-accounts *'
            echo '@accounts'
        case 'users delete *' 'groups add-members *' 'groups set-members *' 'groups remove-members *'
            echo '@users'
        case 'groups delete *'
            echo '@groups'
        case 'roles delete *'
            echo '@roles'
        case 'roles add-principals *' 'roles set-principals *' 'roles remove-principals *'
            echo '@users @groups'
        case 'host-catalogs delete *'
            echo '@host-catalogs'
        case 'host-sets delete *' 'targets add-host-sources *' 'targets set-host-sources *' 'targets remove-host-sources *'
            echo '@host-sets'
        case 'host-sets add-hosts *' 'host-sets set-hosts *' 'host-sets remove-hosts *' 'hosts delete *'
            echo '@hosts'
        case 'targets delete *'
            echo '@targets'
        case 'aliases delete *'
            echo '@aliases'
        case 'auth-tokens delete *'
            echo '@auth-tokens'
        case 'workers delete *'
            echo '@workers'
    end
end

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
