#!/bin/sh
# Set-up of a machine made with Heliosphere @version@. Debian, Ubuntu and Rocky families; POSIX sh; safe to run again.
#   guest.sh start   from cloud-init: the agent's account, our units enabled and started
#   guest.sh boot    at each boot: host keys, version and the set-up status to the console (a cold start empties its log)
#   guest.sh setup   until it has ended once: groups, SSH, jump host, desktop, then the person's boot script; then tmux
#   guest.sh session what the desktop runs, as the person
#   guest.sh guard   on a seat of a workshop, at each boot: see seat.sh
# Markers are kept under this machine's id: one made from an image of another machine is set up anew.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
OURS=/opt/heliosphere
CONFIG=/etc/heliosphere
STATE=/var/lib/heliosphere/@instance@
CLOUD_ID=/var/lib/cloud/data/instance-id
CA=/etc/ssh/heliosphere_ca.pub
LOG=/var/log/heliosphere
AGENT=heliosphere
UNITS="heliosphere-agent.service heliosphere-boot.service heliosphere-setup.service"
SEAT="$OURS/seat.sh"
[ ! -f "$SEAT" ] || UNITS="heliosphere-seat.service $UNITS"

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

# Not so on one that another tool makes from an image of the machine: what was set up there is nothing to report here.
same_machine() {
  [ ! -e "$CONFIG/machine" ] || [ "$(cat "$CONFIG/machine")" = "$(cat "$CLOUD_ID" 2>/dev/null)" ]
}

agent_account() {
  getent passwd "$AGENT" > /dev/null || useradd -r -U -M -d /nonexistent -s /usr/sbin/nologin "$AGENT" || return 1
  chown "root:$AGENT" "$CONFIG/agent.json" && chmod 640 "$CONFIG/agent.json" || return 1
}

# A unit that systemd has not read yet needs no reload, which is slow; one that it has read otherwise does.
start() {
  [ ! -s "$CLOUD_ID" ] || cp "$CLOUD_ID" "$CONFIG/machine"
  agent_account || echo "guest.sh: the agent has no account" >&2
  systemctl --no-reload enable $UNITS 2>/dev/null
  if systemctl show -p NeedDaemonReload $UNITS | grep -q =yes; then systemctl daemon-reload; fi
  systemctl start --no-block $UNITS || { systemctl daemon-reload; systemctl start --no-block $UNITS; }
}

# Without a persistence daemon only root's first question makes the GPUs' device files, which the agent then reads.
gpu_devices() {
  if command -v nvidia-smi > /dev/null; then nvidia-smi -L < /dev/null > /dev/null 2>&1 & fi
}

join_groups() {
  for group in sudo wheel adm; do
    if getent group "$group" > /dev/null; then usermod -a -G "$group" "$1" || return 1; fi
  done
}

# cloud-init wrote the drop-in before sshd first started. Where sshd does not read drop-ins (before OpenSSH 8.2) its lines
# go to the top of sshd_config: at the end they might fall into a Match block.
trust_ca() {
  [ -s "$CA" ] || return 0
  drop_in=/etc/ssh/sshd_config.d/10-heliosphere.conf
  main=/etc/ssh/sshd_config
  if ! grep -Eqi '^[[:space:]]*Include[[:space:]]+"?/etc/ssh/sshd_config\.d/' "$main" && ! grep -q "$CA" "$main"; then
    cat "$drop_in" "$main" > "$main.new" && chmod 600 "$main.new" && mv "$main.new" "$main" || return 1
    command -v restorecon > /dev/null && restorecon "$main"
  fi
  # Where sshd is started by its socket, this directory comes with the first connection.
  mkdir -p /run/sshd && /usr/sbin/sshd -t || return 1
  for unit in ssh.service sshd.service; do
    if systemctl -q is-active "$unit"; then systemctl reload "$unit"; return; fi
  done
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

# The person is an administrator without a password: what asks for one on the desktop could never be answered. Those
# rules are read by polkit from 0.106 on, the second file by the ones before it.
no_questions() {
  if [ -d /etc/polkit-1/rules.d ]; then
    echo "polkit.addRule(function(action, who) { if (who.user == \"$1\") return polkit.Result.YES; });" \
      > /etc/polkit-1/rules.d/49-heliosphere.rules || return 1
  fi
  [ -d /etc/polkit-1/localauthority ] || return 0
  mkdir -p /etc/polkit-1/localauthority/50-local.d &&
    printf '[heliosphere]\nIdentity=unix-user:%s\nAction=*\nResultAny=yes\nResultInactive=yes\nResultActive=yes\n' "$1" \
      > /etc/polkit-1/localauthority/50-local.d/heliosphere.pkla
}

# Shadows and see-through windows only make more pictures to send.
no_compositing() {
  settings=/etc/xdg/xfce4/xfconf/xfce-perchannel-xml
  [ ! -e "$settings/xfwm4.xml" ] || return 0
  mkdir -p "$settings" && cat > "$settings/xfwm4.xml" << 'END'
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfwm4" version="1.0">
  <property name="general" type="empty"><property name="use_compositing" type="bool" value="false"/></property>
</channel>
END
}

# OpenGL on an NVIDIA card goes through VirtualGL. EPEL has a package of it, Debian and Ubuntu have none: there programs
# draw in software unless the person installs VirtualGL, which the next session then finds.
virtual_gl() {
  command -v nvidia-smi > /dev/null || return 0
  for group in video render; do
    if getent group "$group" > /dev/null; then usermod -a -G "$group" "$1"; fi
  done
  if command -v apt-get > /dev/null; then
    apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends virtualgl
  else
    dnf -q -y install VirtualGL
  fi || echo "guest.sh: no package of VirtualGL here: OpenGL is drawn by the processor"
}

desktop() {
  unit="$OURS/heliosphere-desktop.service"
  [ -f "$unit" ] || return 0
  install_desktop > "$LOG/desktop.log" 2>&1 || return 1
  { ! administers || no_questions "$1"; } >> "$LOG/desktop.log" 2>&1 || return 1
  no_compositing >> "$LOG/desktop.log" 2>&1 || return 1
  virtual_gl "$1" >> "$LOG/desktop.log" 2>&1
  cp "$unit" /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now heliosphere-desktop
}

# What the desktop's unit runs, as the person: all that is started from it draws on the card, where that can be.
session() {
  for gl in /usr/bin/vglrun /opt/VirtualGL/bin/vglrun; do
    if [ -x "$gl" ] && nvidia-smi -L > /dev/null 2>&1; then exec "$gl" -d egl +wm startxfce4; fi
  done
  exec startxfce4
}

# On a seat the desktop is the learner's, who is an administrator only where the workshop says so.
administers() {
  [ ! -f "$SEAT" ] || [ "$(sh "$SEAT" value sudo)" = yes ]
}

desktop_user() {
  if [ -f "$SEAT" ]; then sh "$SEAT" value login; else echo "$1"; fi
}

# What a workshop gives besides, such as data and a repository, is told where it fails, and does not stop the rest.
seat() {
  [ -f "$SEAT" ] || return 0
  sh "$SEAT" "$@" >> "$LOG/seat.log" 2>&1
}

jump_host() {
  [ -f "$OURS/jump.sh" ] || return 0
  sh "$OURS/jump.sh" install > "$LOG/jump.log" 2>&1
}

# When the machine is ready already: nobody waits for them, and where they cannot be had it works without.
# tmux keeps shells that lose their connection; without it the portal keeps them for a while.
extras() {
  if [ -f "$OURS/jump.sh" ]; then
    sh "$OURS/jump.sh" alone
  elif ! command -v tmux > /dev/null; then
    if command -v apt-get > /dev/null; then
      export DEBIAN_FRONTEND=noninteractive
      nice apt-get -q -o DPkg::Lock::Timeout=600 update &&
        nice apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends tmux
    else
      nice dnf -q -y install tmux
    fi
  fi
  # Not as a part of the boot, which would take as long as that.
  [ ! -f "$SEAT" ] || systemd-run --no-block --unit=heliosphere-again /bin/sh "$SEAT" again
}

# At most once: a script that restarts the machine must not run again after it.
boot_script() {
  [ -f "$OURS/boot-script" ] || return 0
  if [ -e "$STATE/boot-script.started" ]; then
    line "{\"helio\": \"boot-script\", \"exit\": null, \"epoch\": $(date +%s)}"
    return 0
  fi
  touch "$STATE/boot-script.started" && sync
  if [ -f "$SEAT" ]; then
    HELIOSPHERE_LOGIN=$(sh "$SEAT" value login) HELIOSPHERE_PORT=$(sh "$SEAT" value port)
    HELIOSPHERE_PATH=$(sh "$SEAT" value path)
    export HELIOSPHERE_LOGIN HELIOSPHERE_PORT HELIOSPHERE_PATH
  fi
  (cd /root && HOME=/root "$OURS/boot-script") > "$LOG/boot-script.log" 2>&1 < /dev/null
  code=$?
  line "{\"helio\": \"boot-script\", \"exit\": $code, \"epoch\": $(date +%s)}"
  return "$code"
}

setup() {
  [ ! -e "$STATE/done" ] || return 0
  result=complete
  status running
  join_groups "$1" || result=error
  trust_ca || result=error
  jump_host || result=error
  seat account "$1" || result=error
  seat guard || result=error
  seat data 180
  desktop "$(desktop_user "$1")" || result=error
  seat repository
  boot_script || result=error
  status "$result"
  touch "$STATE/done"
  extras > "$LOG/extras.log" 2>&1 || true
}

boot() {
  host_keys
  line "{\"helio\": \"guest\", \"version\": \"@version@\"}"
  [ ! -e "$STATE/done" ] || print "$STATE/status"
  gpu_devices
  # Before the network was there the guard could only be put up, and not be tried.
  if [ -e "$STATE/done" ]; then
    seat guard
    seat data
  fi
}

[ "${1:-}" != session ] || session
mkdir -p "$STATE" "$LOG" && chmod 700 /var/lib/heliosphere "$STATE" "$LOG"
case "${1:-}" in
  start) start ;;
  boot) ! same_machine || boot ;;
  setup) ! same_machine || setup @user@ ;;
  guard) ! same_machine || seat guard ;;
  *) echo "usage: guest.sh start|boot|setup|guard|session" >&2; exit 2 ;;
esac
