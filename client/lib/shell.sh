# shellcheck shell=dash
# A shell for whoever sits at a console: at the screen, at a serial line. Nobody knows at which of them somebody sits.

# The consoles that the kernel writes to, by their names in /dev.
consoles() {
  local console found=
  for console in $(first_line "$ROOT/sys/class/tty/console/active"); do
    [ ! -c "$ROOT/dev/$console" ] || found="$found $console"
  done
  echo "${found:-console}"
}

# read_key SECONDS: prints the console at which `s` and Enter were pressed within that time, or nothing. A console without
# a keyboard says end-of-file at once, so the time is kept by a process of its own.
read_key() {
  local console readers='' sleeper
  rm -f "$STATE/key"
  sleep "$1" &
  sleeper=$!
  if [ "$SHELL_ON_FAILURE" != no ]; then
    for console in $(consoles); do
      read_key_at "$console" "$sleeper" &
      readers="$readers $!"
    done
  fi
  wait "$sleeper"
  # shellcheck disable=SC2086 # a list of process ids
  kill $readers
  first_line "$STATE/key"
} 2>/dev/null

read_key_at() {
  local key=''
  while read -r key; do
    [ "$key" = s ] || continue
    echo "$1" >"$STATE/key"
    kill "$2"
    return
  done <"$ROOT/dev/$1"
}

# open_shell [CONSOLE]: a shell there, or on all; the boot goes on when one of them is left, and the others end.
open_shell() {
  local console shells='' pid
  say "a shell; 'exit' lets the boot go on. The log is $LOG"
  # shellcheck disable=SC2046 # a list
  [ -n "$1" ] || set -- $(consoles)
  for console in "$@"; do
    shell_at "$console" &
    shells="$shells $!"
  done
  while all_run "$shells"; do pause 0.3; done
  for pid in $shells; do kill -9 "$pid" 2>/dev/null; done
}

# In a session of its own with that terminal, so that Ctrl-C works. tty0 is whatever terminal is in front; a shell wants one.
shell_at() {
  local terminal=$1
  [ "$terminal" != tty0 ] || terminal=tty1
  if [ -n "$MOCK" ]; then
    run setsid -c sh
  else
    exec setsid -c sh <"/dev/$terminal" >"/dev/$terminal" 2>&1
  fi
}

all_run() {
  local pid
  for pid in $1; do kill -0 "$pid" 2>/dev/null || return 1; done
}

# stop_at STAGE: a shell where rd.break= asks for one, as failwords.sh knows it.
stop_at() {
  value_in "$BREAK" "$1" || return 0
  on_every_console "netroot: stopped at '$1' as the kernel command line asks"
  open_shell
}
