# shellcheck shell=dash
# What the machine says. The log keeps all of it; the screen shows progress unless `quiet`, and trouble always.

# Progress: "netroot: …".
say() {
  log "$1"
  [ -n "$QUIET" ] || echo "netroot: $1"
}

# Something that is wrong but does not stop the boot.
warn() {
  log "warning: $1"
  on_every_console "netroot: warning: $1"
}

# A line for the log only.
log() {
  read_uptime
  echo "$UPTIME $1" >>"$LOG"
}

# The console that stdout leads to is only the last `console=` of the command line; the operator may sit at another.
on_every_console() {
  local console shown=
  for console in $(first_line "$ROOT/sys/class/tty/console/active"); do
    [ -c "$ROOT/dev/$console" ] && printf '%s\n' "$1" >"$ROOT/dev/$console" 2>/dev/null && shown=yes
  done
  [ -n "$shown" ] || printf '%s\n' "$1"
}

# With `debug`, every command that follows goes to the log, with the time where the shell has it; errors of commands go
# there in any case.
begin_log() {
  exec 2>>"$LOG"
  PS4='+${EPOCHREALTIME#????????} ' # a variable of busybox: seconds with six decimals
  if [ -n "$DEBUG" ]; then set -x; fi
}

# The last lines of the kernel's messages and of the log, for a report. The log comes last: it tells what failed.
log_tail() {
  kernel_messages | tail -n 15
  tail -n 25 "$LOG"
}

kernel_messages() { run dmesg 2>/dev/null; }
