#!/bin/sh
# Makes a machine a jump host of Heliosphere, and an ordinary one again: one login more, which may pass connections on to
# port 22 of other machines, and nothing else. Nothing is left changed where sshd would not take it.
#   jump.sh install    safe to run again
#   jump.sh remove     likewise; ends what goes through it
#   jump.sh alone      for a machine that is nothing but a jump host: only SSH listens, security updates by themselves
# Its last line says how it went, for the portal: `heliojump: installed`, or why not.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
LOGIN=heliojump
CONFIG=/etc/ssh/sshd_config
# Before any other: of the blocks that match a login the first one counts.
DROP_IN=/etc/ssh/sshd_config.d/05-heliosphere-jump.conf
PRINCIPALS=/etc/ssh/heliosphere_principals/$LOGIN
CA=/etc/ssh/heliosphere_ca.pub

say() {
  echo "$LOGIN: $1"
}

# Debian and Ubuntu call it ssh, Rocky sshd. Where a socket starts it there is nothing to reload.
reload() {
  for unit in ssh.service sshd.service; do
    if systemctl -q is-active "$unit"; then systemctl reload "$unit"; return; fi
  done
}

# Locked for good would be refused by an sshd without PAM; "*" is a password that nothing matches.
account() {
  getent passwd "$LOGIN" > /dev/null ||
    useradd -r -U -M -d /nonexistent -s /usr/sbin/nologin -c 'Heliosphere jump host' "$LOGIN" || return 1
  usermod -p '*' -s /usr/sbin/nologin -G '' "$LOGIN"
}

# A class logs in within seconds, and all of it comes from the portal's address: sshd's own limits are for strangers.
crowd() {
  echo 'MaxStartups 200:30:400'
  if sshd -T 2>/dev/null | grep -q '^persourcepenalties'; then echo 'PerSourcePenalties no'; fi
}

rules() {
  crowd
  cat <<RULES
# Heliosphere: passes connections on to port 22 of other machines, and can do nothing else.
Match User $LOGIN
  AuthenticationMethods publickey
  AuthorizedKeysFile none
  AuthorizedKeysCommand none
  AllowTcpForwarding local
  PermitOpen *:22
  PermitListen none
  GatewayPorts no
  AllowStreamLocalForwarding no
  AllowAgentForwarding no
  X11Forwarding no
  PermitTunnel no
  PermitTTY no
  PermitUserRC no
  ForceCommand /bin/false
  MaxSessions 0
  ClientAliveInterval 15
  ClientAliveCountMax 3
Match all
RULES
}

# What sshd itself makes of all its files, for this login.
holds() {
  found=$(sshd -T -C "user=$LOGIN,host=localhost,addr=127.0.0.1" 2>/dev/null) || return 1
  for wanted in 'maxsessions 0' 'permitopen \*:22' 'allowtcpforwarding local' 'authorizedkeysfile none' \
    'trustedusercakeys /etc/ssh/heliosphere_ca.pub'; do
    echo "$found" | grep -qx "$wanted" || return 1
  done
}

undo() {
  rm -f "$DROP_IN" "$PRINCIPALS"
  say "$1"
  exit 1
}

install() {
  if [ ! -s "$CA" ]; then say 'not installed: this machine takes no certificates of the portal'; exit 1; fi
  if ! grep -Eqi '^[[:space:]]*Include[[:space:]]+"?/etc/ssh/sshd_config\.d/' "$CONFIG"; then
    say 'not installed: its sshd reads no files beside its main one (it is older than OpenSSH 8.2)'; exit 1
  fi
  account || { say 'not installed: the account could not be made'; exit 1; }
  mkdir -p /etc/ssh/heliosphere_principals /run/sshd
  echo "@principal@" > "$PRINCIPALS" && rules > "$DROP_IN" && chmod 644 "$PRINCIPALS" && chmod 600 "$DROP_IN" ||
    undo 'not installed: its files could not be written'
  if command -v restorecon > /dev/null; then restorecon "$DROP_IN" "$PRINCIPALS"; fi
  sshd -t && holds || undo 'not installed: sshd does not take the rules'
  reload || undo 'not installed: sshd could not be reloaded'
  say 'installed'
}

remove() {
  rm -f "$DROP_IN" "$PRINCIPALS"
  reload
  if getent passwd "$LOGIN" > /dev/null; then
    pkill -KILL -u "$LOGIN"
    userdel "$LOGIN" || { say 'not removed: the account could not be deleted'; exit 1; }
  fi
  say 'removed'
}

# Neighbours need not find it by name: its resolver would answer them on ports of its own.
quiet() {
  [ -d /etc/systemd ] || return 0
  mkdir -p /etc/systemd/resolved.conf.d
  printf '[Resolve]\nLLMNR=no\nMulticastDNS=no\n' > /etc/systemd/resolved.conf.d/52-heliosphere.conf
  systemctl -q is-active systemd-resolved && systemctl restart systemd-resolved
}

# Images without it get it; where that cannot be downloaded the machine is a jump host all the same.
upgrades() {
  cat > /etc/apt/apt.conf.d/52heliosphere <<'APT'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "04:00";
APT
  if command -v unattended-upgrade > /dev/null; then return 0; fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=600 update &&
    apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends unattended-upgrades
}

case "${1:-}" in
  install) install ;;
  remove) remove ;;
  alone) quiet; upgrades ;;
  *) echo 'usage: jump.sh install|remove|alone' >&2; exit 2 ;;
esac
