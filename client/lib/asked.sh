# shellcheck shell=dash
# Modules that the kernel command line asks for, or bars.

# bar_modules LIST: no device gets these, whatever it says of itself.
bar_modules() {
  local name rest=$1,
  [ -n "$1" ] || return 0
  run mkdir -p "$ROOT/etc/modprobe.d"
  while [ -n "$rest" ]; do
    name=${rest%%,*}
    rest=${rest#*,}
    [ -z "$name" ] || echo "blacklist $name"
  done >"$ROOT/etc/modprobe.d/command-line.conf"
}

# load_asked LIST: names with commas. What cannot be loaded is said: somebody wants it.
load_asked() {
  local name rest=$1,
  while [ -n "$rest" ]; do
    name=${rest%%,*}
    rest=${rest#*,}
    if [ -n "$name" ] && ! run modprobe -q "$name"; then
      warn "the module $name cannot be loaded: the drivers part does not have it, or the kernel refuses it"
    fi
  done
}
