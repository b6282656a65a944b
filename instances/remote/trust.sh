#!/bin/sh
# @title@, for the login @login@ and no other.
# Safe to run again. It writes two files below @etc@ and a drop-in of two lines for sshd (where sshd reads no drop-ins,
# the lines go to the top of its sshd_config), asks sshd whether it likes the result, and has it read its configuration
# again: nobody is thrown out. `remove` takes away exactly that. Nothing is downloaded; no key or password is touched.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 077
DO='@action@'
LOGIN='@login@'
PRINCIPAL='@principal@'
ETC='@etc@'
CA="$ETC/heliosphere_ca.pub"
PRINCIPALS="$ETC/heliosphere_principals"
DROP_IN="$ETC/sshd_config.d/10-heliosphere.conf"
MAIN="$ETC/sshd_config"
LINE_1="TrustedUserCAKeys $CA"
LINE_2="AuthorizedPrincipalsFile $PRINCIPALS/%u"

fail() { echo "heliosphere: $2" >&2; exit "$1"; }

authorities() {
  cat << 'END_OF_KEYS'
@authorities@
END_OF_KEYS
}

# What sshd would do for this login, all of its files and Match blocks taken together.
says() {
  sshd -T -f "$MAIN" -C "user=$LOGIN,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22" 2> /dev/null |
    sed -n "s/^$1 //p"
}

ours() { [ "$(says trustedusercakeys)" = "$CA" ] && [ "$(says authorizedprincipalsfile)" = "$PRINCIPALS/%u" ]; }

label() { if command -v restorecon > /dev/null; then restorecon "$@" 2> /dev/null; fi; return 0; }

# Whole or not at all: sshd may read it at any moment.
write() {
  cat > "$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1" && label "$1" || fail 1 "$1 cannot be written."
}

without_our_lines() { grep -v -x -F -e "$LINE_1" -e "$LINE_2" "$MAIN"; }

# sshd_config keeps its owner and mode, since its contents are what is replaced.
main_from() { cp -p "$MAIN" "$MAIN.new" && cat "$1" > "$MAIN.new" && mv "$MAIN.new" "$MAIN" && label "$MAIN"; }

reload() {
  mkdir -p /run/sshd
  sshd -t -f "$MAIN" || return 1
  for unit in ssh.service sshd.service; do
    if systemctl -q is-active "$unit" 2> /dev/null; then systemctl reload "$unit"; return; fi
  done
  # Where its socket starts it, each connection reads the files anew.
  if [ -s '@pid_file@' ]; then kill -HUP "$(cat '@pid_file@')"; fi
}

undo() {
  rm -f "$DROP_IN"
  if [ -e "$MAIN.before" ]; then mv "$MAIN.before" "$MAIN"; fi
  if [ "$NEW" = yes ]; then rm -f "$CA" "$PRINCIPALS/$LOGIN" && rmdir "$PRINCIPALS"; fi
  reload
  fail 4 "sshd does not take the change, so it was taken back; the machine is as it was."
}

nobody_elses() {
  for key in trustedusercakeys authorizedprincipalsfile authorizedprincipalscommand; do
    case "$(says "$key")" in
      '' | none | "$CA" | "$PRINCIPALS/%u") ;;
      *) fail 3 "sshd already takes certificates of somebody else ($key). Nothing was changed." ;;
    esac
  done
}

configure() {
  ours && return 0
  if [ -d "$ETC/sshd_config.d" ]; then printf '%s\n%s\n' "$LINE_1" "$LINE_2" | write "$DROP_IN" 600; fi
  if ! ours; then
    # At the end they might fall into a Match block.
    rm -f "$DROP_IN"
    cp -p "$MAIN" "$MAIN.before" && { echo "$LINE_1"; echo "$LINE_2"; without_our_lines; } > "$MAIN.text"
    main_from "$MAIN.text" || undo
    rm -f "$MAIN.text"
  fi
  ours && reload || undo
  rm -f "$MAIN.before"
}

install() {
  id "$LOGIN" > /dev/null 2>&1 || fail 5 "There is no account $LOGIN on this machine."
  nobody_elses
  NEW=yes
  if [ -e "$CA" ]; then NEW=no; fi
  authorities | write "$CA" 644
  mkdir -p "$PRINCIPALS" && chmod 755 "$PRINCIPALS"
  echo "$PRINCIPAL" | write "$PRINCIPALS/$LOGIN" 644
  configure
  echo "heliosphere: $LOGIN is let in with certificates for $PRINCIPAL."
}

remove() {
  rm -f "$PRINCIPALS/$LOGIN"
  rmdir "$PRINCIPALS" 2> /dev/null || [ ! -d "$PRINCIPALS" ] || {
    echo "heliosphere: $LOGIN is let in with certificates no more; other logins are."
    return 0
  }
  rm -f "$DROP_IN"
  if grep -q -x -F -e "$LINE_1" -e "$LINE_2" "$MAIN"; then
    without_our_lines > "$MAIN.text"
    main_from "$MAIN.text"
    rm -f "$MAIN.text"
  fi
  rm -f "$CA"
  reload || fail 4 "sshd does not take its configuration without our lines: look at sshd -t."
  echo "heliosphere: nobody is let in with certificates any more."
}

[ "$(id -u)" = 0 ] || fail 2 "This must be run as root."
[ -f "$MAIN" ] && command -v sshd > /dev/null || fail 6 "OpenSSH's server is not on this machine."
"$DO"
