# shellcheck shell=dash
# The whole story for the server: what the kernel said and what init did. By HTTP; and when that is what does not work, the
# last lines by syslog, which needs no answer.

# Bytes at most of each of the two.
LOG_BYTES=65536

# send_log NAME: when a boot failed, and when it is over; NAME keeps the two apart.
send_log() {
  local file=$STATE/log.$1
  [ -n "$NETWORK_IS_UP" ] && [ -n "$NETROOT_SERVER$NETROOT_SYSLOG" ] || return 0
  {
    echo "kernel:"
    kernel_messages | tail -c "$LOG_BYTES"
    echo "init:"
    tail -c "$LOG_BYTES" "$LOG"
  } >"$file"
  post_log "$file" || send_syslog
  rm -f "$file"
}

post_log() { # FILE
  local url=${NETROOT_SERVER%/}/log
  [ -n "$NETROOT_SERVER" ] || return 1
  if [ -n "$NETROOT_BOOT" ]; then
    url=$url/$NETROOT_BOOT
  else
    url=$url/mac/$(card_mac "$LEASE_INTERFACE")
  fi
  run wget -q -T 3 -O /dev/null --header 'Content-Type: text/plain' --post-file "$1" "$url"
}

# Lines as of RFC 3164; busybox leaves out the host's name, so it stands before the program's. Its socket must not be there
# when the real system starts: that has one of its own.
send_syslog() {
  local server pid name=${HOST_NAME:-$LEASE_ADDRESS}
  server=$(syslog_server)
  [ -n "$server" ] || return 0
  run busybox syslogd -n -O /dev/null -R "$server" &
  pid=$!
  pause 0.3
  log_tail | run busybox logger -p daemon.err -t "${name%%.*} netroot[${NETROOT_BOOT:--}]"
  pause 0.3
  kill "$pid" 2>/dev/null
  run rm -f "$ROOT/dev/log"
}

# ADDRESS:PORT of netroot.syslog= or the plan; else the host of NETROOT_SERVER at the port that everybody uses.
syslog_server() {
  local host=${NETROOT_SYSLOG:-${NETROOT_SERVER#*://}}
  [ -n "$NETROOT_SYSLOG" ] || {
    host=${host%%/*}
    host=${host%:*}
  }
  case $host in
    '' | *:*) echo "$host" ;;
    *) echo "$host:514" ;;
  esac
}
