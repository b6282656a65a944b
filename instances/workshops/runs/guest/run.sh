# One command of a workshop in one seat: run once, however often it is asked for. Arguments: verb, id, seconds, waits
# (fifths of a second that the answer may wait for the end). What runs is told on standard input.
# The answer: `helio-run STATE EXIT HEAD TAIL`, then so many bytes of what it printed first, and last.
verb=$1 id=$2 seconds=$3 waits=$4
umask 077
base="$HOME/.heliosphere-runs"
dir="$base/$id"

# In a session of its own. Who gets the lock runs it; pid is what a stop ends, with all that it started.
runner='
mkdir "$1/lock" 2>/dev/null || exit 0
echo $$ >"$1/runner"
{
    cd "$HOME"
    sh -c '\''echo $$ >"$1/pid"; exec timeout -k 5 "$2" bash -l "$1/command"'\'' sh "$1" "$2" </dev/null 2>&1
    echo $? >"$1/status.new"
    mv "$1/status.new" "$1/status"
} | {
    dd bs=1 count=32768 of="$1/head" 2>/dev/null
    tail -c 32768 >"$1/tail"
}
touch "$1/end"
'

size() {
    if [ -e "$1" ]; then wc -c <"$1"; else echo 0; fi
}

start() {
    # Collected already: this is a late second call.
    [ -e "$base/$id.over" ] && return
    mkdir -p "$dir" 2>/dev/null || full
    if [ ! -d "$dir/lock" ]; then
        cat >"$dir/command.$$" 2>/dev/null || full
        mv "$dir/command.$$" "$dir/command" 2>/dev/null || full
        setsid -f sh -c "$runner" heliosphere "$dir" "$seconds" </dev/null >/dev/null 2>&1
    fi
}

full() {
    echo 'helio-run full none 0 0'
    exit 0
}

stop() {
    mkdir -p "$dir"
    touch "$dir/stopped"
    if mkdir "$dir/lock" 2>/dev/null; then
        # It never began, and never will.
        echo 143 >"$dir/status"
        touch "$dir/end"
    elif [ -e "$dir/pid" ] && [ ! -e "$dir/status" ]; then
        kill -TERM "$(cat "$dir/pid")" 2>/dev/null
    fi
}

lives() {
    # Without the file it is just beginning.
    [ ! -s "$dir/runner" ] || kill -0 "$(cat "$dir/runner")" 2>/dev/null
}

state() {
    if [ -e "$base/$id.over" ]; then
        echo over
    elif [ ! -d "$dir/lock" ]; then
        echo absent
    elif [ -e "$dir/end" ]; then
        echo done
    elif [ -e "$dir/status" ]; then
        # What it left in the background holds on to the output.
        echo held
    elif lives; then
        echo running
    elif [ -e "$dir/end" ]; then
        echo done
    elif [ -e "$dir/stopped" ]; then
        echo stopped
    else
        echo lost
    fi
}

look() {
    waited=0
    while [ "$waited" -lt "$waits" ] && [ ! -e "$dir/end" ] && [ ! -e "$base/$id.over" ]; do
        [ "$(state)" = lost ] && break
        sleep 0.2
        waited=$((waited + 1))
    done
    now=$(state)
    status=none
    [ -s "$dir/status" ] && status=$(cat "$dir/status")
    head=$(size "$dir/head")
    tail=$(size "$dir/tail")
    echo "helio-run $now $status $head $tail"
    [ "$head" -gt 0 ] && head -c "$head" "$dir/head"
    [ "$tail" -gt 0 ] && head -c "$tail" "$dir/tail"
    return 0
}

forget() {
    mkdir -p "$base"
    touch "$base/$id.over"
    rm -rf "$dir"
    find "$base" -name '*.over' -mtime +3 -exec rm -f '{}' + >/dev/null 2>&1
    echo 'helio-run over none 0 0'
}

case $verb in
start) start; look ;;
look) look ;;
stop) stop; look ;;
forget) forget ;;
esac
exit 0
