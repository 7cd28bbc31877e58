# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# ip= on the kernel command line, in the forms of the kernel [Documentation/admin-guide/nfs/nfsroot.rst] and of dracut:
#   ip=METHOD                                                                        also METHOD,CLIENT-ID-TYPE,CLIENT-ID
#   ip=CARD:METHOD[:MTU[:MAC]]
#   ip=CLIENT:SERVER:ROUTER:MASK:HOST:CARD:METHOD[:DNS1[:DNS2[:NTP]]]
#   ip=CLIENT:PEER/PREFIX:ROUTER:MASK:HOST:CARD:METHOD[:MTU[:MAC]]
# pxelinux's `ipappend 1` writes the first four fields of the third. IPv6 addresses stand in brackets. The second field is
# the kernel's server and dracut's peer: a peer is what has a prefix.

take_ip_word() {
  local word=${1#*=} wrong
  read_ip_word "$word"
  if [ -n "$IP_WRONG" ]; then
    wrong=$IP_WRONG
    unknown_word "$1" "$wrong"
  fi
  [ -z "$word" ] || IP_WORDS="$IP_WORDS $word"
}

# ip6= of initramfs-tools has methods only.
take_ip6_word() {
  case ${1#*=} in
    dhcp | on | any | dhcp6) IP_WORDS="$IP_WORDS dhcp6" ;;
    auto | auto6) IP_WORDS="$IP_WORDS auto6" ;;
    off | none | '') ;;
    *) unknown_word "$1" "want dhcp, auto or off" ;;
  esac
}

# read_ip_word WORD: sets IP_METHOD (dhcp, dhcp6, auto6, either6, link6, static), IP_INTERFACE as the word names it, the
# fields, KEEP_LEASE: whether there is a lease to renew, and IP_WRONG: what is not understood of it.
read_ip_word() {
  IP_METHOD=dhcp IP_INTERFACE='' IP_SERVER='' IP_PEER='' IP_ADDRESS='' IP_ROUTER='' IP_PREFIX='' IP_HOST='' IP_DNS=''
  IP_NTP='' IP_MTU='' IP_MAC='' IP_CLIENT_ID='' KEEP_LEASE=yes IP_WRONG=''
  case $1 in
    '') return ;;
    *,*:* | *:*,*) IP_WRONG="a list with commas is live-boot's; write one ip= for each card" && return ;;
    *,*) read_client_id "${1#*,}" ;;
  esac
  split_fields "${1%%,*}"
  if [ "$F_COUNT" = 1 ] && ! is_any_address "$F1"; then
    read_ip_method "$F1"
  elif [ -n "$F1" ] && ! is_any_address "$F1"; then
    read_short_ip_word
  else
    read_long_ip_word
  fi
}

# The kernel's ip=dhcp,TYPE,VALUE: what the server is told in option 61.
read_client_id() {
  if is_number "${1%%,*}" && [ "${1%%,*}" -lt 256 ] && [ "${1#*,}" != "$1" ]; then
    IP_CLIENT_ID=$(printf '%02x' "${1%%,*}")$(printf '%s' "${1#*,}" | od -An -v -tx1 | tr -d ' \n')
  else
    IP_WRONG="want dhcp,TYPE,CLIENT-ID with a TYPE from 0 to 255"
  fi
}

read_short_ip_word() {
  IP_INTERFACE=$F1
  is_interface "$F1" || IP_WRONG="\"$F1\" is neither an address nor the name of a card"
  read_ip_method "$F2"
  read_mtu_and_mac "$F3" "$F4:$F5:$F6:$F7:$F8:$F9"
}

# An address in the first field means that there is no need to ask for one, whether a method is named or not; a short word
# with an address comes from a loader that has a lease, so there is one to keep.
read_long_ip_word() {
  IP_INTERFACE=$F6 IP_HOST=$F5 IP_ROUTER=$F3
  read_server_or_peer "$F2"
  case $F8 in
    '' | *[!0-9]*) read_servers ;;
    *) read_mtu_and_mac "$F8" "$F9:$F10:$F11:$F12:$F13:$F14" ;;
  esac
  if [ -n "$F1" ] && ! is_asking_method "$F7"; then
    IP_METHOD=static IP_ADDRESS=$F1
    case $F7 in
      '') is_address "$F1" || KEEP_LEASE= ;;
      *) KEEP_LEASE= ;;
    esac
    read_mask "$F4"
    value_in "none off static ibft" "${F7:-off}" || IP_WRONG="\"$F7\" is no method that is known; the address is taken as it is"
  else
    read_ip_method "$F7"
  fi
  check_ip_fields
}

check_ip_fields() {
  [ -z "$IP_INTERFACE" ] || is_interface "$IP_INTERFACE" || IP_WRONG="\"$IP_INTERFACE\" is no name of a card" IP_INTERFACE=
  [ -z "$IP_ROUTER" ] || is_any_address "$IP_ROUTER" || IP_WRONG="the router \"$IP_ROUTER\" is no address" IP_ROUTER=
  [ -z "$IP_HOST" ] || is_name "$IP_HOST" || IP_WRONG="\"$IP_HOST\" is no host name" IP_HOST=
  [ "$IP_ROUTER" != 0.0.0.0 ] || IP_ROUTER=
}

read_server_or_peer() {
  case $1 in
    '' | 0.0.0.0) ;;
    */*) IP_PEER=$1 && is_network "$1" || IP_WRONG="the peer \"$1\" is no address" ;;
    *) IP_SERVER=$1 && is_any_address "$1" || IP_WRONG="the server \"$1\" is no address" IP_SERVER= ;;
  esac
}

read_mask() {
  case $1 in
    '') IP_PREFIX=$(default_prefix "$IP_ADDRESS") ;;
    *[!0-9.]*) IP_WRONG="\"$1\" is no mask" IP_PREFIX=$(default_prefix "$IP_ADDRESS") ;;
    *) IP_PREFIX=$(prefix_of "$1") ;;
  esac
}

default_prefix() {
  if is_address6 "$1"; then
    echo 64
  else
    class_prefix "$1"
  fi
}

# DNS1:DNS2:NTP
read_servers() {
  IP_DNS=$(only_any_addresses "$F8 $F9")
  IP_NTP=$(only_any_addresses "$F10")
  [ -z "$F11$F12$F13$F14$F_REST" ] || IP_WRONG="more than ten fields"
}

read_mtu_and_mac() {
  local mac
  [ -z "$1" ] || { is_number "$1" && IP_MTU=$1; } || IP_WRONG="\"$1\" is no MTU"
  mac=${2%%::*}
  mac=$(printf '%s' "${mac%:}" | tr 'A-F-' 'a-f:')
  [ -z "$mac" ] || { is_mac "$mac" && IP_MAC=$mac; } || IP_WRONG="\"$mac\" is no MAC address"
}

is_asking_method() { value_in "dhcp dhcp4 on any both single-dhcp dhcp6 auto6 either6 link6 link-local" "$1"; }

# Without an address a root over the network must ask for one, whatever the word says.
read_ip_method() {
  case $1 in
    '' | dhcp | dhcp4 | on | any | both | single-dhcp) IP_METHOD=dhcp ;;
    dhcp6 | auto6 | either6 | link6) IP_METHOD=$1 ;;
    link-local) IP_METHOD=link6 ;;
    off | none) IP_WRONG="a root over the network needs an address; it is asked for by DHCP" ;;
    *) IP_WRONG="\"$1\" is no method that is known; DHCP is used" ;;
  esac
}

# read_ip_word_for CARD: the last word that names it, else the last one that names none.
read_ip_word_for() {
  local word general='' own=''
  for word in $IP_WORDS; do
    read_ip_word "$word"
    if [ -z "$IP_INTERFACE" ]; then
      general=$word
    elif [ "$(interface_called "$IP_INTERFACE")" = "$1" ]; then
      own=$word
    fi
  done
  read_ip_word "${own:-$general}"
}

# Names of the interfaces that ip= words speak of, as they are called on this machine.
interfaces_of_ip_words() {
  local word interface interfaces=
  for word in $IP_WORDS; do
    read_ip_word "$word"
    [ -n "$IP_INTERFACE" ] || continue
    interface=$(interface_called "$IP_INTERFACE") || continue
    value_in "$interfaces" "$interface" || interfaces="$interfaces $interface"
  done
  echo "${interfaces# }"
}
