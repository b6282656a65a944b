# Packs the home of the account that it runs as, to standard output. Argument: `work` (what people keep) or `home` (all
# but what comes again by itself). Standard input: folders and patterns, one a line; none: all of the home.
# Exit: tar's own (1: something changed meanwhile; 2: something could not be read), 72: nothing fits the patterns.
what=$1
cd "$HOME" || exit 71
set -f
set --
any=
while IFS= read -r pattern; do
    any=yes
    set +f
    IFS=
    for one in ./$pattern; do
        if [ -e "$one" ] || [ -L "$one" ]; then set -- "$@" "$one"; fi
    done
    unset IFS
    set -f
done
if [ -z "$any" ]; then set -- .; fi
if [ $# -eq 0 ]; then exit 72; fi
skip='--exclude=./.heliosphere-* --exclude=./.cache --exclude=./.local/share/Trash --exclude=__pycache__'
if [ "$what" = work ]; then
    skip="$skip --exclude=./.ssh --exclude=./.vnc --exclude=./.npm --exclude=./.conda/pkgs --exclude=node_modules"
    skip="$skip --exclude=.ipynb_checkpoints --exclude=./.config/pulse --exclude=./.gnupg --exclude=./.dbus"
else
    skip="$skip --exclude=./.ssh/authorized_keys"
fi
exec tar -c -f - --one-file-system $skip -- "$@" 2>/dev/null
