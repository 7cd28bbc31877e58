# shellcheck shell=dash
# How anything is done: every change of the machine goes through run, so that the tests can print it instead.

# Runs a command; in tests hands it to the program that plays the machine.
run() {
  if [ -n "$MOCK" ]; then
    "$MOCK" "$@"
  else
    "$@"
  fi
}

# Waits; fractions of a second are fine.
pause() { run sleep "$1"; }

# Seconds since the kernel started, two decimals: the clock that runs before anybody set the time.
uptime_seconds() {
  read_uptime
  echo "$UPTIME"
}

# The same in UPTIME, without a process.
read_uptime() {
  local rest
  # shellcheck disable=SC2034 # the second field is the idle time
  read -r UPTIME rest 2>/dev/null <"$ROOT/proc/uptime" || UPTIME=0.00
}

# First line of a file, or nothing: files in /sys come and go.
first_line() {
  local line=
  { read -r line <"$1"; } 2>/dev/null
  echo "$line"
}

# value_in LIST WORD: is the word in the blank-separated list?
value_in() {
  case " $1 " in
    *" $2 "*) return 0 ;;
    *) return 1 ;;
  esac
}

# The text in single quotes, safe to be read by a shell whatever it contains.
quote() {
  local rest=$1 quoted=
  while :; do
    case $rest in
      *\'*)
        quoted="$quoted${rest%%\'*}'\\''"
        rest=${rest#*\'}
        ;;
      *) break ;;
    esac
  done
  printf "'%s'" "$quoted$rest"
}

# put FILE: writes standard input to a file of the real system. What is there is removed first, because a symbolic link of
# the real system leads elsewhere when it is followed from here.
put() {
  [ -d "${1%/*}" ] || run mkdir -p "${1%/*}"
  if [ -e "$1" ] || [ -h "$1" ]; then run rm -f "$1"; fi
  cat >"$1"
  [ -z "$MOCK" ] || run put "$1"
}
