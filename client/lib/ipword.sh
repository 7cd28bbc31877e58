# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# ip= on the kernel command line, in the kernel's form [Documentation/admin-guide/nfs/nfsroot.rst]
#   ip=CLIENT:SERVER:ROUTER:MASK:HOST:INTERFACE:METHOD:DNS1:DNS2:NTP
# which pxelinux's `ipappend 1` shortens to its first four fields, and dracut's short form ip=INTERFACE:METHOD.

# Sets IP_METHOD (dhcp, static), IP_INTERFACE, IP_SERVER, and KEEP_LEASE: whether there is a lease to renew. A short word
# with an address comes from a loader that has a lease, so there is. The last ip= wins.
read_ip_words() {
  local word=''
  IP_METHOD=dhcp IP_INTERFACE='' IP_SERVER='' KEEP_LEASE=yes
  for word in $IP_WORDS; do :; done
  case $word in
    '') ;;
    *:*:*:*) read_long_ip_word "$word" ;;
    *:*) read_short_ip_word "$word" ;;
    *) check_ip_method "$word" ;;
  esac
}

read_short_ip_word() {
  IP_INTERFACE=${1%%:*}
  set -- "${1#*:}"
  check_ip_method "${1%%:*}"
}

# An address in the first field means that there is no need to ask for one, whether a method is named or not.
read_long_ip_word() {
  WORD_FIELDS=$1
  IP_INTERFACE=$(ip_field 6)
  IP_SERVER=$(only_addresses "$(ip_field 2)")
  if is_address "$(ip_field 1)" && ! is_dhcp_method "$(ip_field 7)"; then
    IP_METHOD=static
    [ -z "$(ip_field 7)" ] || KEEP_LEASE=
  else
    check_ip_method "$(ip_field 7)"
  fi
}

ip_field() { printf '%s' "$WORD_FIELDS" | cut -d : -f "$1"; }

is_dhcp_method() { value_in "dhcp on any both single-dhcp" "$1"; }

check_ip_method() {
  if [ -z "$1" ] || is_dhcp_method "$1"; then return 0; fi
  trouble no-lease "The kernel command line asks for a network in a way that is not understood." \
    "ip=$word" \
    "Use ip=dhcp, ip=CARD:dhcp, or ip=CLIENT:SERVER:ROUTER:MASK:HOST:CARD:off; or leave it out."
}

# The card is the one named, the one booted from, or the first with a link.
lease_from_ip_word() {
  local card
  clear_lease
  LEASE_ADDRESS=$(ip_field 1)
  LEASE_SERVER=$IP_SERVER
  LEASE_ROUTER=$(only_addresses "$(ip_field 3)")
  LEASE_PREFIX=$(ip_field 4)
  LEASE_PREFIX=$(prefix_of "${LEASE_PREFIX:-$(class_prefix "$LEASE_ADDRESS")}")
  is_name "$(ip_field 5)" && LEASE_HOSTNAME=$(ip_field 5)
  LEASE_DNS=$(only_addresses "$(ip_field 8) $(ip_field 9)")
  LEASE_NTP=$(only_addresses "$(ip_field 10)")
  for card in $(candidate_cards); do run ip link set "$card" up; done
  LEASE_INTERFACE=$(first_card_with_carrier "$(candidate_cards)")
  [ -n "$LEASE_DNS" ] || say "ip= names no DNS server: none is set until a lease is taken in the running system"
}

# Waits for a link; where none comes the first card is taken, and the root's own failure tells the rest.
first_card_with_carrier() {
  local card tick=0
  while [ "$tick" -lt "$(carrier_ticks)" ]; do
    for card in $1; do
      if has_carrier "$card"; then
        echo "$card"
        return
      fi
    done
    pause 0.2 >&2
    tick=$((tick + 1))
  done
  echo "${1%% *}"
}
