#!/bin/sh
# Set-up of a machine made with Heliosphere. Debian, Ubuntu and Rocky families; POSIX sh; safe to run again.
#   guest.sh boot    at each boot: host keys and the set-up status to the console (a cold start empties its log)
#   guest.sh setup   until it has ended once: groups, SSH, desktop, then the person's boot script
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
OURS=/opt/heliosphere
STATE=/var/lib/heliosphere
CA=/etc/ssh/heliosphere_ca.pub
LOG=/var/log/heliosphere

# Nova records the serial port, and /dev/console may be the screen: write to every serial console of the kernel.
serial() {
  names=$(tr ' ' '\n' < /sys/class/tty/console/active 2>/dev/null | grep -v '^tty[0-9]*$')
  echo "${names:-console}"
}

print() {
  for name in $(serial); do cat "$1" > "/dev/$name"; done 2>/dev/null
}

line() {
  echo "$1" > "$STATE/line" && print "$STATE/line"
  { echo "$1" > /dev/kmsg; } 2>/dev/null
}

status() {
  echo "{\"status\":\"$1\", \"epoch\": $(date +%s)000}" > "$STATE/status"
  line "$(cat "$STATE/status")"
}

host_keys() {
  {
    echo
    echo '-----BEGIN SSH HOST KEY KEYS-----'
    cat /etc/ssh/ssh_host_*_key.pub
    echo '-----END SSH HOST KEY KEYS-----'
  } > "$STATE/keys" 2>/dev/null
  print "$STATE/keys"
}

join_groups() {
  for group in sudo wheel adm; do
    if getent group "$group" > /dev/null; then usermod -a -G "$group" "$1" || return 1; fi
  done
}

# The drop-in was written by cloud-init. Where sshd does not read drop-ins (before OpenSSH 8.2) its lines go to the top
# of sshd_config: at the end they might fall into a Match block.
trust_ca() {
  [ -s "$CA" ] || return 0
  drop_in=/etc/ssh/sshd_config.d/10-heliosphere.conf
  main=/etc/ssh/sshd_config
  if ! grep -Eqi '^[[:space:]]*Include[[:space:]]+/etc/ssh/sshd_config\.d/' "$main" && ! grep -q "$CA" "$main"; then
    cat "$drop_in" "$main" > "$main.new" && chmod 600 "$main.new" && mv "$main.new" "$main"
    command -v restorecon > /dev/null && restorecon "$main"
  fi
  /usr/sbin/sshd -t || return 1
  systemctl reload ssh 2>/dev/null || systemctl reload sshd
}

install_desktop() {
  if command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=600 update &&
      apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends \
        xfce4 xfce4-terminal dbus-x11 xinit xauth tigervnc-standalone-server fonts-dejavu-core
  else
    dnf -q -y install epel-release &&
      dnf -q -y install xfce4-session xfce4-panel xfce4-settings xfdesktop xfwm4 Thunar xfce4-terminal \
        dbus-x11 xorg-x11-xinit xorg-x11-xauth tigervnc-server-minimal dejavu-sans-fonts
  fi
}

desktop() {
  unit="$OURS/heliosphere-desktop.service"
  [ -f "$unit" ] || return 0
  install_desktop > "$LOG/desktop.log" 2>&1 || return 1
  cp "$unit" /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now heliosphere-desktop
}

# At most once: a script that restarts the machine must not run again after it.
boot_script() {
  [ -f "$OURS/boot-script" ] || return 0
  if [ -e "$STATE/boot-script.started" ]; then
    line "{\"helio\": \"boot-script\", \"exit\": null, \"epoch\": $(date +%s)}"
    return 0
  fi
  touch "$STATE/boot-script.started" && sync
  (cd /root && HOME=/root "$OURS/boot-script") > "$LOG/boot-script.log" 2>&1 < /dev/null
  code=$?
  line "{\"helio\": \"boot-script\", \"exit\": $code, \"epoch\": $(date +%s)}"
  return "$code"
}

setup() {
  result=complete
  status running
  join_groups "$1" || result=error
  trust_ca || result=error
  desktop || result=error
  boot_script || result=error
  status "$result"
  touch "$STATE/done"
}

mkdir -p "$STATE" "$LOG" && chmod 700 "$STATE" "$LOG"
case "${1:-}" in
  boot)
    host_keys
    [ ! -e "$STATE/done" ] || print "$STATE/status" ;;
  setup) setup @user@ ;;
  *) echo "usage: guest.sh boot|setup" >&2; exit 2 ;;
esac
