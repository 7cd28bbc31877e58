#!/bin/sh
# shellcheck shell=dash
# Plays the machine for client/init in tests: writes down each command, and does what the test's world says it leads to.
# ROOT is the machine's directory; ROOT/world/events may define on_COMMAND functions and MOST_KEYS.

written=
for word in "$@"; do
  case $word in
    *' '* | '') written="$written '$word'" ;;
    *) written="$written $word" ;;
  esac
done
[ "$1" = put ] || printf '%s\n' "${written# }" >>"$ROOT/world/commands"

# After so many failures the test has seen enough: the machine is switched off.
MOST_KEYS=3
on_read_key() {
  echo x >>"$ROOT/world/keys"
  [ "$(wc -l <"$ROOT/world/keys")" -lt "$MOST_KEYS" ] || kill -9 "$(cat "$ROOT/world/pid")"
}

# A card answers with the variables in world/dhcp.CARD; without that file nobody answers.
on_udhcpc() {
  local card script
  while [ $# -gt 0 ]; do
    case $1 in
      -i) card=$2 ;;
      -s) script=$2 ;;
    esac
    shift
  done
  echo 'udhcpc: broadcasting discover' >&2
  [ -e "$ROOT/world/dhcp.$card" ] || return 1
  interface=$card
  export interface
  # shellcheck source=/dev/null
  . "$ROOT/world/dhcp.$card"
  "$SHELL_UNDER_TEST" "$script" bound
}

# What was posted is kept, in order; logs apart.
on_wget() {
  local file=
  while [ $# -gt 1 ]; do
    [ "$1" != --post-file ] || file=$2
    shift
  done
  case $1 in
    */log/*) cp "$file" "$ROOT/world/logs/${file##*/}" ;;
    *)
      [ -z "$file" ] || cp "$file" "$ROOT/world/posted/${file##*/}"
      echo "$1" >>"$ROOT/world/urls"
      ;;
  esac
}

# A world may answer with the real program, but the tests' host keeps its clock.
date() {
  case $* in
    *-s*) ;;
    *) command date "$@" ;;
  esac
}

on_mkdir() { mkdir "$@"; }
on_rm() { rm "$@"; }
on_cp() { cp "$@"; }
on_ln() { ln "$@"; }
on_chmod() { chmod "$@"; }

if [ -e "$ROOT/world/events" ]; then
  # shellcheck source=/dev/null
  . "$ROOT/world/events"
fi
command=$1
shift
case $(command -v "on_$command") in
  '') ;;
  *) "on_$command" "$@" ;;
esac
