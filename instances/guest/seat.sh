#!/bin/sh
# Makes a machine a seat of a workshop: an account for whoever sits there, beside that of the portal and its helpers.
# Debian, Ubuntu and Rocky families; POSIX sh; each verb is safe to run again. What the seat is stands in CONFIG.
#   seat.sh guard        at each boot: the learner's account cannot read what the machine was told, and only then is let in
#   seat.sh account      groups, homes, administrator's rights
#   seat.sh data [wait]  what is to be read at /data; `wait`: seconds that a disk may take to appear
#   seat.sh repository   cloned into the learner's home, once
#   seat.sh again        what did not succeed, for half an hour
#   seat.sh value NAME   a line of CONFIG
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
CONFIG=/etc/heliosphere/seat
PRINCIPALS=/etc/ssh/heliosphere_principals
METADATA=169.254.169.254
METADATA6=fe80::a9fe:a9fe
DATA=/data
DISKS=/dev/disk/by-id
SUDOERS=/etc/sudoers.d/91-heliosphere-seat
LOG=/var/log/heliosphere
NOTES=/run/heliosphere-seat
# Whoever is in one of these is an administrator, or reads disks past all permissions.
STRONG="sudo wheel admin adm root disk docker lxd libvirt kvm shadow cdrom"

value() {
  sed -n "s/^$1 //p" "$CONFIG" | head -n 1
}

LOGIN=$(value login)
HOME_DIR=$(getent passwd "$LOGIN" | cut -d: -f6)
HOME_DIR=${HOME_DIR:-/home/$LOGIN}

serial() {
  names=$(tr ' ' '\n' < /sys/class/tty/console/active 2>/dev/null | grep -v '^tty[0-9]*$')
  echo "${names:-console}"
}

# For the portal, on the console: one line of JSON, of letters that need no quoting.
tell() {
  said=$(printf '%s' "${3:-}" | tr -c 'A-Za-z0-9 .,:;/_+@()=-' ' ' | cut -c1-160)
  text="{\"helio\": \"seat\", \"what\": \"$1\", \"ok\": $2, \"said\": \"$said\", \"epoch\": $(date +%s)}"
  for name in $(serial); do echo "$text" > "/dev/$name"; done 2>/dev/null
  mkdir -p "$NOTES" && if [ "$2" = true ]; then rm -f "$NOTES/$1"; else echo "$said" > "$NOTES/$1"; fi
}

as_learner() {
  runuser -u "$LOGIN" -- "$@"
}

# Where there is no way to the packages, nobody waits for them for long: the rest of the seat is ready.
install_package() {
  if command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    timeout 120 apt-get -q -o Acquire::Retries=0 -o DPkg::Lock::Timeout=600 update &&
      timeout 300 apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$1"
  else
    timeout 300 dnf -q -y install "$2"
  fi >> "$LOG/seat.log" 2>&1
}

# The metadata service tells anybody who asks what this machine was told at its launch: only root may ask.
by_nft() {
  command -v nft > /dev/null && nft -f - << RULES
table inet heliosphere {
}
delete table inet heliosphere
table inet heliosphere {
  chain output {
    type filter hook output priority -10; policy accept;
    ip daddr $METADATA meta skuid != 0 reject
    ip6 daddr $METADATA6 meta skuid != 0 reject
  }
}
RULES
}

rule_of() {
  command -v "$1" > /dev/null || return 1
  "$1" -C OUTPUT -d "$2" -m owner ! --uid-owner 0 -j REJECT 2>/dev/null ||
    "$1" -I OUTPUT 1 -d "$2" -m owner ! --uid-owner 0 -j REJECT
}

by_iptables() {
  rule_of iptables "$METADATA" && { [ ! -e /proc/net/if_inet6 ] || rule_of ip6tables "$METADATA6"; }
}

# Without any firewall's program: a routing rule of the kernel for everybody but root. networkd takes away rules that are
# not its own when it is restarted, unless it is told to leave them.
by_route() {
  if [ -d /etc/systemd ]; then
    mkdir -p /etc/systemd/networkd.conf.d
    printf '[Network]\nManageForeignRoutingPolicyRules=no\n' > /etc/systemd/networkd.conf.d/52-heliosphere.conf
  fi
  for family in "-4 $METADATA/32" "-6 $METADATA6/128"; do
    set -- $family
    [ "$1" = -4 ] || [ -e /proc/net/if_inet6 ] || continue
    ip "$1" rule show | grep -q "to ${2%/*}.*prohibit" ||
      ip "$1" rule add priority 90 to "$2" uidrange 1-4294967294 prohibit || return 1
  done
}

# As the learner would: neither the service nor the disk with the same in it may answer.
held() {
  ! as_learner timeout 3 bash -c ": > /dev/tcp/$METADATA/80" 2>/dev/null || return 1
  for disk in /dev/disk/by-label/config-2 /dev/disk/by-label/CONFIG-2; do
    [ ! -e "$disk" ] || ! as_learner test -r "$disk" || return 1
  done
}

guard() {
  chmod 700 /var/lib/cloud "$HOME_DIR" /home/*/ 2>/dev/null
  chmod 600 /run/cloud-init/instance-data*.json 2>/dev/null
  if { by_nft || by_iptables || by_route; } >> "$LOG/seat.log" 2>&1 && held; then
    mkdir -p "$PRINCIPALS" && value principal > "$PRINCIPALS/$LOGIN" && chmod 644 "$PRINCIPALS/$LOGIN"
    tell guard true
  else
    rm -f "$PRINCIPALS/$LOGIN"
    tell guard false "the metadata service could not be kept from the learner's account, so that is not let in"
    return 1
  fi
}

account() {
  for group in $STRONG; do
    if id -nG "$LOGIN" | tr ' ' '\n' | grep -qx "$group"; then gpasswd -d "$LOGIN" "$group" || return 1; fi
  done
  chmod 700 "$HOME_DIR" /home/*/ 2>/dev/null
  # Those who help come by the machine's own account, and may see the learner's desktop.
  usermod -a -G "$LOGIN" "$1" || return 1
  if [ "$(value sudo)" = yes ]; then
    echo "$LOGIN ALL=(ALL) NOPASSWD:ALL" > "$SUDOERS.new" && chmod 440 "$SUDOERS.new" && mv "$SUDOERS.new" "$SUDOERS"
  else
    rm -f "$SUDOERS"
  fi
}

# By the names that hypervisors give: the beginning of the volume's id, or all of it.
disk_of() {
  short=$(echo "$1" | cut -c1-20)
  for name in "virtio-$short" "scsi-0QEMU_QEMU_HARDDISK_$short" "scsi-0QEMU_QEMU_HARDDISK_$1"; do
    if [ -e "$DISKS/$name" ]; then readlink -f "$DISKS/$name"; return; fi
  done
  return 1
}

mount_volume() {
  waited=0
  until disk=$(disk_of "$2"); do
    if [ "$waited" -ge "$3" ]; then echo "the disk has not appeared"; return 1; fi
    sleep 2
    waited=$((waited + 2))
  done
  # The whole disk, or the first part of it that holds files.
  found=$(lsblk -nrpo NAME,FSTYPE "$disk" | sed -n 's/^\([^ ]*\) \(.\{1,\}\)$/\1 \2/p' | head -n 1)
  if [ -z "$found" ]; then echo "there is no file system on it"; return 1; fi
  case "${found#* }" in
    ext*) options=ro,noload ;;
    xfs) options=ro,norecovery,nouuid ;;
    *) options=ro ;;
  esac
  blockdev --setro "$disk"
  mount -o "$options,nosuid,nodev" "${found% *}" "$DATA/$1" 2>&1
}

mount_nfs() {
  command -v mount.nfs > /dev/null || install_package nfs-common nfs-utils || { echo "no NFS client to be had"; return 1; }
  timeout 60 mount -t nfs -o ro,nosuid,nodev,soft,timeo=100,retrans=3 "$2:$3" "$DATA/$1" 2>&1
}

mount_cephfs() {
  command -v mount.ceph > /dev/null || install_package ceph-common ceph-common ||
    { echo "no CephFS client to be had"; return 1; }
  timeout 60 mount -t ceph -o "name=$4,secretfile=/etc/heliosphere/ceph-$1.key,ro,nosuid,nodev" "$2:$3" "$DATA/$1" 2>&1
}

data() {
  failed=0
  while read -r kind folder first second third; do
    case "$kind" in volume | nfs | cephfs) ;; *) continue ;; esac
    mkdir -p "$DATA/$folder"
    if mountpoint -q "$DATA/$folder"; then continue; fi
    case "$kind" in
      volume) said=$(mount_volume "$folder" "$first" "${1:-20}") ;;
      nfs) said=$(mount_nfs "$folder" "$first" "$second") ;;
      cephfs) said=$(mount_cephfs "$folder" "$first" "$second" "${third:-guest}") ;;
    esac < /dev/null
    if mountpoint -q "$DATA/$folder"; then
      rm -f "$DATA/$folder-IS-NOT-HERE-YET.txt"
      tell "data-$folder" true
    else
      failed=1
      echo "$said" >> "$LOG/seat.log"
      echo "$DATA/$folder could not be opened: $said" > "$DATA/$folder-IS-NOT-HERE-YET.txt"
      tell "data-$folder" false "$said"
    fi
  done < "$CONFIG"
  return "$failed"
}

# As the learner, by HTTPS alone, wherever the repository may lead; whole or not at all.
clone() {
  rm -rf "$HOME_DIR/.$3.part"
  # shellcheck disable=SC2016
  as_learner env -i HOME="$HOME_DIR" PATH="$PATH" LANG=C.UTF-8 GIT_TERMINAL_PROMPT=0 timeout 600 sh -c '
    cd "$HOME" && git -c protocol.allow=never -c protocol.https.allow=always clone -q -- "$1" ".$3.part" &&
      { [ -z "$2" ] || git -C ".$3.part" checkout -q "$2" --; } && mv ".$3.part" "$3"' sh "$1" "$2" "$3" 2>&1
}

repository() {
  found=$(value repository)
  [ -n "$found" ] || return 0
  url=${found%% *}
  ref=${found#"$url"}
  ref=${ref# }
  name=$(basename "$url" .git | tr -cd 'A-Za-z0-9._-')
  case "$name" in '' | .*) name=repository ;; esac
  notice="$HOME_DIR/REPOSITORY-IS-NOT-HERE-YET.txt"
  if [ ! -e "$HOME_DIR/$name" ]; then
    command -v git > /dev/null || install_package git git
    for pause in ${1:-0 5 20}; do
      sleep "$pause"
      said=$(clone "$url" "$ref" "$name") && break
    done
  fi
  if [ -e "$HOME_DIR/$name" ]; then
    rm -f "$notice"
    tell repository true
  else
    said=$(printf '%s\n' "$said" | grep . | tail -n 1)
    as_learner sh -c 'printf "%s could not be fetched: %s\nIt is tried again for half an hour. By hand: git clone %s\n" "$1" "$2" "$1" > "$3"' \
      sh "$url" "$said" "$notice"
    tell repository false "$said"
    return 1
  fi
}

# The machine is used meanwhile: what was not to be had may come yet.
again() {
  for _ in $(seq 30); do
    if [ -z "$(ls "$NOTES" 2>/dev/null)" ]; then return 0; fi
    sleep 60
    data 0
    repository 0
  done
}

case "${1:-}" in
  guard) mkdir -p "$LOG" && guard ;;
  account) account "$2" ;;
  data) data "${2:-}" ;;
  repository) repository ;;
  again) again ;;
  value) value "$2" ;;
  *) echo 'usage: seat.sh guard|account|data|repository|again|value' >&2; exit 2 ;;
esac
