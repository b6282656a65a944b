# Puts files into the home of the account that it runs as. Standard input: a tar of plain files. Arguments: the folder
# below the home, or nothing; a name for this attempt; the moment, for what is kept of the learner's.
# The answer: a line for each file (made, same, kept), then `helio-put done`, `full`, `refused` or `cut`.
folder=$1 id=$2 moment=$3
umask 022
cd "$HOME" || exit 1
tmp="$HOME/.heliosphere-put-$id"
to="$HOME${folder:+/$folder}"

give_up() {
    rm -rf "$tmp"
    echo "helio-put $1"
    exit 0
}

# Also what an attempt left whose connection was lost.
rm -rf "$HOME/.heliosphere-put-${id%%.*}".*
mkdir "$tmp" 2>/dev/null && mkdir "$tmp/files" 2>/dev/null || give_up full
tar -x -f - -C "$tmp/files" 2>"$tmp/said"
if [ ! -e "$tmp/files/.heliosphere-whole" ]; then
    if grep -q 'No space left' "$tmp/said"; then give_up full; fi
    if [ ! -s "$tmp/said" ] && ! echo room 2>/dev/null >"$tmp/room"; then give_up full; fi
    give_up cut
fi
rm -f "$tmp/files/.heliosphere-whole"
mkdir -p "$to" 2>/dev/null || give_up refused

sum() {
    sha256sum <"$1"
}

# One file: as it is; else beside the learner's own, which keeps its content under another name. In place by renaming.
place() {
    above=$(dirname "$to/$1")
    mkdir -p "$above" 2>/dev/null || return 1
    said=made
    if [ -d "$to/$1" ] && [ ! -L "$to/$1" ]; then
        mv "$to/$1" "$to/$1.before-$moment" 2>/dev/null || return 1
        said=kept
    elif [ -f "$to/$1" ] && [ ! -L "$to/$1" ]; then
        if [ "$(sum "$tmp/files/$1")" = "$(sum "$to/$1")" ]; then
            echo same
            return 0
        fi
        cp -p "$to/$1" "$to/$1.before-$moment" 2>/dev/null || return 1
        said=kept
    fi
    mv -f "$tmp/files/$1" "$to/$1" 2>/dev/null || return 1
    echo "$said"
}

cd "$tmp/files" || give_up refused
if find . -type f | sed 's|^\./||' | while IFS= read -r one; do place "$one" || exit 1; done; then
    cd "$HOME"
    give_up done
fi
cd "$HOME"
give_up refused
