# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# Logging in to a machine that does not boot: dropbear, where the initramfs has it and somebody's public key. It ends when
# the real system starts, which has an SSH server of its own or has not.

SSH_PID='' SSH_FINGERPRINT=''

# Started once there is a network. Having the key aboard is asking for it; netroot.ssh=0 takes that back.
start_ssh() {
  [ "$NETROOT_SSH" != 0 ] || return 0
  if [ ! -s "$ROOT/netroot/authorized_keys" ] || [ ! -x "$ROOT/bin/dropbear" ]; then
    [ -z "$NETROOT_SSH" ] || warn "nobody can log in: the initramfs has no SSH server, or no public key (netroot.ssh)"
    return 0
  fi
  mount_devpts "$ROOT/dev"
  run mkdir -p "$ROOT/root/.ssh"
  run cp "$ROOT/netroot/authorized_keys" "$ROOT/root/.ssh/authorized_keys"
  run chmod 600 "$ROOT/root/.ssh/authorized_keys"
  make_host_key "$ROOT/netroot/ssh_host_key"
  # No passwords (-s), no forwarding (-j -k): a shell for those whose key is aboard, and nothing else.
  run dropbear -F -E -s -j -k -m -r "$ROOT/netroot/ssh_host_key" -p 22 2>>"$LOG" &
  SSH_PID=$!
  on_every_console "netroot: ssh root@$LEASE_ADDRESS (host key $SSH_FINGERPRINT)"
  log "ssh: root@$LEASE_ADDRESS, host key $SSH_FINGERPRINT"
}

# make_host_key FILE: the one that came along, else one for this boot alone. Sets SSH_FINGERPRINT.
make_host_key() {
  local name value
  [ -s "$1" ] || run dropbearkey -t ed25519 -f "$1" >/dev/null 2>&1
  # shellcheck disable=SC2034 # the word before the fingerprint
  while read -r name value; do
    [ "$name" != Fingerprint: ] || SSH_FINGERPRINT=$value
  done <<LINES
$(run dropbearkey -y -f "$1" 2>/dev/null)
LINES
}

# With the group and mode that every login expects of a terminal (gid 5 is tty).
mount_devpts() {
  [ ! -e "$1/pts/ptmx" ] || return 0
  run mkdir -p "$1/pts"
  run mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts "$1/pts"
}

# Those who are logged in go too: their shell would hold the initramfs in memory.
stop_ssh() {
  [ -n "$SSH_PID" ] || return 0
  # shellcheck disable=SC2046 # a list of process ids
  run kill $(pidof dropbear) "$SSH_PID" 2>/dev/null
  SSH_PID=
}
