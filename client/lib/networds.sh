# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# The words of the kernel command line that concern the network, as the kernel, dracut, initramfs-tools and PXELINUX have
# them. What is wrong with a word is named by unknown_word, and the boot goes on as if it were not there.

forget_network_words() {
  IP_WORDS='' BOOTIF='' HEED_BOOTIF=yes BOOT_DEVICE='' IFNAME_WORDS='' BOND_WORDS='' VLAN_WORDS='' BRIDGE_WORDS=''
  ROUTE_WORDS='' NAMESERVERS='' PEER_DNS=yes WORD_HOSTNAME='' VENDOR_CLASS=netroot
  CARRIER_WAIT=15 CARD_WAIT=10 DHCP_WAIT='' DHCP_RETRY=1 DAD_WAIT=10 AUTO6_WAIT=15
}

# take_network_word WORD: false if it is none of these.
take_network_word() {
  case $1 in
    ip=* | nfsaddrs=*) take_ip_word "$1" ;;
    ip6=*) take_ip6_word "$1" ;;
    BOOTIF=*) take_bootif "$1" ;;
    rd.bootif=*) HEED_BOOTIF=$(yes_or_nothing "${1#*=}") ;;
    bootdev=* | DEVICE=* | ethdevice=*) BOOT_DEVICE=${1#*=} ;;
    ifname=*) take_ifname "$1" ;;
    vlan=*) take_vlan "$1" ;;
    bond | bond=*) take_bond "$1" ;;
    bridge | bridge=*) take_bridge "$1" ;;
    team | team=*) unknown_word "$1" "netroot has no team devices; bond= does the same" ;;
    nameserver=*) take_nameserver "$1" ;;
    rd.peerdns=*) PEER_DNS=$(yes_or_nothing "${1#*=}") ;;
    rd.route=*) take_route "$1" ;;
    hostname=* | systemd.hostname=*) take_hostname "$1" ;;
    rd.net.* | netroot.carrier=*) take_limit "$1" ;;
    rd.neednet | rd.neednet=*) ;;
    *) return 1 ;;
  esac
}

# How long and how often; ifup and route limit what is not waited for here.
take_limit() {
  local value=${1#*=}
  case $1 in
    rd.net.dhcp.vendor-class=?*) VENDOR_CLASS=$value && return ;;
    rd.net.timeout.ifup=* | rd.net.timeout.route=*) return ;;
  esac
  if ! is_number "$value"; then
    unknown_word "$1" "want a number"
    return
  fi
  case $1 in
    netroot.carrier=* | rd.net.timeout.carrier=*) CARRIER_WAIT=$value ;;
    rd.net.timeout.iflink=*) CARD_WAIT=$value ;;
    rd.net.timeout.dhcp=*) DHCP_WAIT=$value ;;
    rd.net.timeout.ipv6dad=*) DAD_WAIT=$value ;;
    rd.net.timeout.ipv6auto=*) AUTO6_WAIT=$value ;;
    rd.net.dhcp.retry=*) DHCP_RETRY=$value ;;
    *) unknown_word "$1" "no such limit is known" ;;
  esac
}

yes_or_nothing() {
  case $1 in
    0 | no | off | false) ;;
    *) echo yes ;;
  esac
}

# BOOTIF's first byte is the hardware type (01, Ethernet); the rest is the MAC: 01-52-54-00-12-34-56 or 52:54:….
take_bootif() {
  local mac
  mac=$(printf '%s' "${1#*=}" | tr 'A-F-' 'a-f:')
  case $mac in
    ??:??:??:??:??:??:??) mac=${mac#??:} ;;
  esac
  if [ -z "$mac" ] || is_mac "$mac"; then
    BOOTIF=$mac
  else
    unknown_word "$1" "want a MAC address, such as 01-52-54-00-12-34-56"
  fi
}

take_nameserver() {
  local address=${1#*=}
  address=${address#\[}
  address=${address%\]}
  if is_address "$address" || is_address6 "$address"; then
    NAMESERVERS="${NAMESERVERS:+$NAMESERVERS }$address"
  else
    unknown_word "$1" "want an address"
  fi
}

take_hostname() {
  if is_name "${1#*=}"; then
    WORD_HOSTNAME=${1#*=}
  else
    unknown_word "$1" "want a host name"
  fi
}

# rd.route=NETWORK/PREFIX:ROUTER[:INTERFACE]; either of the last two may be left out.
take_route() {
  split_fields "${1#*=}"
  if is_network "$F1" && { is_any_address "$F2" || [ -z "$F2" ]; } && [ -n "$F2$F3" ] && [ "$F_COUNT" -le 3 ]; then
    ROUTE_WORDS="$ROUTE_WORDS $F1,$F2,$F3"
  else
    unknown_word "$1" "want NETWORK/PREFIX:ROUTER[:CARD], IPv6 in brackets"
  fi
}
