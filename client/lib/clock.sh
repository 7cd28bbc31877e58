# shellcheck shell=dash
# The clock. A battery that is empty, or a clock in local time, makes every certificate look expired or not yet valid, and
# the real system's files come from the future. busybox has no NTP; a boot server has the time.

# Sets the clock by the plan, which says when it was written (NETROOT_TIME, seconds since 1970): it cannot be earlier, and
# not an hour later either. Where the plan does not say, and the clock is before the kernel was made, by the Date of an
# answer of the server.
set_clock_by_server() {
  local now least
  now=$(run date +%s)
  is_number "$now" || return 0
  if is_number "${NETROOT_TIME-}"; then
    least=$(uptime_seconds)
    least=$((NETROOT_TIME + ${least%.*}))
    if [ "$now" -lt "$least" ] || [ "$now" -gt $((least + 3600)) ]; then set_clock "$least" "$now"; fi
  elif [ -n "$NETROOT_SERVER" ] && [ "$now" -lt "$(kernel_made)" ]; then
    set_clock_by_http "$now"
  fi
}

set_clock_by_http() {
  local date
  date=$(run wget -S -q -T 2 -O /dev/null "${NETROOT_SERVER%/}/" 2>&1 | sed -n 's/^ *[Dd]ate: [A-Za-z]*, \(.*\) GMT.*/\1/p' | head -n 1)
  [ -n "$date" ] || return 0
  date=$(run date -u -D '%d %b %Y %H:%M:%S' -d "$date" +%s)
  is_number "$date" || return 0
  set_clock "$date" "$1"
}

# set_clock SECONDS NOW: never to before the kernel was made, which a server's clock may be, too.
set_clock() {
  if [ "$1" -lt "$(kernel_made)" ]; then
    warn "the server says it is $(run date -u -d "@$1"), which is before this kernel was made; the clock is left as it is"
    return
  fi
  run date -u -s "@$1" >/dev/null
  say "the clock was set $(seconds_in_words $(($1 - $2)))"
}

seconds_in_words() {
  if [ "$1" -ge 0 ]; then echo "$1 s forward"; else echo "${1#-} s back"; fi
}

# The date that stands in /proc/version as (2026-11-02) or at its end; 0 where it cannot be read.
kernel_made() {
  local version day
  version=$(first_line "$ROOT/proc/version")
  day=$(printf '%s' "$version" | sed -n 's/.*(\([0-9]\{4\}-[0-9][0-9]-[0-9][0-9]\)).*/\1/p')
  if [ -n "$day" ]; then
    day=$(run date -u -d "$day 00:00:00" +%s)
  else
    day=$(run date -u -D '%b %d %H:%M:%S UTC %Y' -d "$(printf '%s' "$version" | sed -n 's/.* \([A-Z][a-z][a-z] *[0-9]* [0-9:]* UTC [0-9]*\)$/\1/p')" +%s)
  fi
  if is_number "$day"; then echo "$day"; else echo 0; fi
}
