# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# IPv6: the kernel takes an address from what routers announce (RFC 4862) by itself; DHCPv6 is udhcpc6. Neither the kernel
# nor busybox passes on the name servers of a router's announcement (RFC 8106): a DHCPv6 server is asked for them.

# Asks in the way that ip= says; like udhcpc, each writes the card's lease down when it has one.
ask_auto6() { wait_for_address6 "$1" 00 "$AUTO6_WAIT" && lease_from_autoconfiguration "$1"; }
ask_link6() { wait_for_address6 "$1" 20 "$DAD_WAIT" && lease_from_autoconfiguration "$1"; }
ask_either6() { ask_auto6 "$1" || ask_dhcp6 "$1"; }

ask_dhcp6() {
  local card=$1
  wait_for_address6 "$card" 20 "$DAD_WAIT" || return
  set -- -f -q -n -t "$(dhcp_requests)" -T "$(dhcp_interval)" -i "$card" -s "$ROOT/netroot/dhcp/answer" -O dns -O search
  exec_client "$card" udhcpc6 "$@"
}

# wait_for_address6 CARD SCOPE SECONDS: sets ADDRESS6 and PREFIX6 once there is an address that is not on trial any more.
# Scope 00 is the whole world, 20 the link.
wait_for_address6() {
  local tick=0
  run modprobe -q ipv6
  while ! find_address6 "$1" "$2"; do
    [ "$tick" -lt $(($3 * 5)) ] || return 1
    tick=$((tick + 1))
    pause 0.2
  done
}

# /proc/net/if_inet6: address, interface's number, prefix, scope, flags (08 and 40: on trial, or found to be another's), name.
find_address6() {
  local address number prefix scope flags name
  while read -r address number prefix scope flags name; do
    if [ "$name $scope" != "$1 $2" ] || [ $((0x$flags & 0x48)) != 0 ]; then continue; fi
    ADDRESS6=$(words6 "$address") PREFIX6=$((0x$prefix))
    return 0
  done 2>/dev/null <"$ROOT/proc/net/if_inet6"
  return 1
}

NO_ROUTER6=00000000000000000000000000000000

# The default router that has announced itself, from /proc/net/ipv6_route; nothing where there is none.
router6() {
  local network prefix source source_prefix router metric uses count flags name
  while read -r network prefix source source_prefix router metric uses count flags name; do
    if [ "$name $prefix" != "$1 00" ] || [ "$router" = "$NO_ROUTER6" ]; then continue; fi
    words6 "$router"
    return
  done 2>/dev/null <"$ROOT/proc/net/ipv6_route"
}

# Networks that routers say are on the link itself: fd77::/64.
networks6() {
  local network prefix source source_prefix router metric uses count flags name
  while read -r network prefix source source_prefix router metric uses count flags name; do
    [ "$name $router" = "$1 $NO_ROUTER6" ] || continue
    case $network$prefix in
      f[ef]* | *80 | *00) ;;
      *) echo "$(words6 "$network")/$((0x$prefix))" ;;
    esac
  done 2>/dev/null <"$ROOT/proc/net/ipv6_route"
}

# What routers announce ends some time after the last one has fallen silent, and with it the root: address and ways are
# written down for good. The kernel's own entries, while they are there, come first.
apply_lease6() {
  local network
  LEASE_ROUTER=${LEASE_ROUTER:-$(router6 "$LEASE_INTERFACE")} # DHCPv6 does not tell it
  if [ "$LEASE_METHOD" = auto6 ]; then
    run ip address change "$LEASE_ADDRESS/$LEASE_PREFIX" dev "$LEASE_INTERFACE" valid_lft forever preferred_lft forever
  else
    run ip address add "$LEASE_ADDRESS/$LEASE_PREFIX" dev "$LEASE_INTERFACE"
    wait_for_address6 "$LEASE_INTERFACE" 00 "$DAD_WAIT" || warn "$LEASE_ADDRESS is still on trial, or another machine has it"
  fi
  for network in $(networks6 "$LEASE_INTERFACE"); do
    run ip -6 route add "$network" dev "$LEASE_INTERFACE" metric 2048
  done
  [ -z "$LEASE_ROUTER" ] || run ip -6 route add default via "$LEASE_ROUTER" dev "$LEASE_INTERFACE" metric 2048
}

# words6 fd7700000000000000000000000000a1: fd77::a1
words6() {
  local rest=$1 group text=
  while [ -n "$rest" ]; do
    group=${rest%"${rest#????}"}
    rest=${rest#????}
    while [ "${#group}" -gt 1 ] && [ "${group#0}" != "$group" ]; do group=${group#0}; done
    text="$text:$group"
  done
  short6 "${text#:}"
}

# The longest run of zeros, of two groups at least, becomes two colons.
short6() {
  local zeros text=:$1:
  for zeros in :0:0:0:0:0:0:0:0: :0:0:0:0:0:0:0: :0:0:0:0:0:0: :0:0:0:0:0: :0:0:0:0: :0:0:0: :0:0:; do
    case $text in
      *"$zeros"*) text=${text%%"$zeros"*}::${text#*"$zeros"} && break ;;
    esac
  done
  case $text in
    ::*) ;;
    *) text=${text#:} ;;
  esac
  case $text in
    *::) ;;
    *) text=${text%:} ;;
  esac
  echo "$text"
}

lease_from_autoconfiguration() {
  clear_lease
  LEASE_INTERFACE=$1 LEASE_ADDRESS=$ADDRESS6 LEASE_PREFIX=$PREFIX6 LEASE_METHOD=auto6 LEASE_ROUTER=$(router6 "$1")
  names_from_dhcp6 "$1"
  write_lease "$STATE/lease.$1"
}

# Name servers and search list, where a server has them; two questions, a second each.
names_from_dhcp6() {
  local file="$STATE/names6.$1"
  rm -f "$file"
  run udhcpc6 -f -q -n -l -t 2 -T 1 -i "$1" -s "$ROOT/netroot/dhcp/answer" -O dns -O search >/dev/null 2>&1
  [ ! -e "$file" ] || read_lease "$file"
}
