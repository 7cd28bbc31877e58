# shellcheck shell=dash
# Values that come from outside, looked at before they are used. Anything may stand in a DHCP answer.

# Four numbers of at most three digits; the kernel checks the rest.
is_address() {
  case $1 in
    *[!0-9.]* | '' | *.*.*.*.* | .* | *. | *..*) return 1 ;;
    *.*.*.*) return 0 ;;
    *) return 1 ;;
  esac
}

# Hexadecimal groups with at least two colons, and perhaps an IPv4 address at the end; the kernel checks the rest.
is_address6() {
  case $1 in
    *[!0-9A-Fa-f:.]* | *:::*) return 1 ;;
    *:*:*) return 0 ;;
    *) return 1 ;;
  esac
}

is_any_address() { is_address "$1" || is_address6 "$1"; }

# 10.0.0.0/8, fd00::/64, or a single address.
is_network() {
  case $1 in
    */*) is_any_address "${1%/*}" && is_number "${1##*/}" ;;
    *) is_any_address "$1" ;;
  esac
}

is_mac() {
  case $1 in
    *[!0-9a-fA-F:]*) return 1 ;;
    ??:??:??:??:??:??) return 0 ;;
    *) return 1 ;;
  esac
}

# What the kernel takes as the name of an interface, and nothing that means something elsewhere.
is_interface() {
  case $1 in
    '' | . | .. | -* | ????????????????* | *[!A-Za-z0-9._-]*) return 1 ;;
    *) return 0 ;;
  esac
}

is_number() {
  case $1 in
    '' | *[!0-9]*) return 1 ;;
    *) return 0 ;;
  esac
}

# A host or domain name with nothing in it that means something to a shell, to sed, or to a configuration file.
is_name() {
  case $1 in
    '' | -* | .* | *[!A-Za-z0-9.-]*) return 1 ;;
    *) return 0 ;;
  esac
}

# only_addresses LIST, only_names LIST: what is well-formed of a blank-separated list.
only_addresses() { only is_address "$1"; }
only_any_addresses() { only is_any_address "$1"; }
only_names() { only is_name "$1"; }

only() {
  local word good=
  set -f
  for word in $2; do
    "$1" "$word" && good="$good $word"
  done
  set +f
  echo "${good# }"
}

# prefix_of 255.255.255.0: 24. A prefix stays one.
prefix_of() {
  local byte prefix=0 rest=$1.
  if is_number "$1"; then
    echo "$1"
    return
  fi
  while [ -n "$rest" ]; do
    byte=${rest%%.*}
    rest=${rest#*.}
    case $byte in
      255) prefix=$((prefix + 8)) ;;
      254) prefix=$((prefix + 7)) ;;
      252) prefix=$((prefix + 6)) ;;
      248) prefix=$((prefix + 5)) ;;
      240) prefix=$((prefix + 4)) ;;
      224) prefix=$((prefix + 3)) ;;
      192) prefix=$((prefix + 2)) ;;
      128) prefix=$((prefix + 1)) ;;
    esac
  done
  echo "$prefix"
}

# The prefix that an address had before there were masks; the kernel's own default for an ip= without a mask.
class_prefix() {
  local first=${1%%.*}
  if [ "$first" -lt 128 ]; then
    echo 8
  elif [ "$first" -lt 192 ]; then
    echo 16
  else
    echo 24
  fi
}
