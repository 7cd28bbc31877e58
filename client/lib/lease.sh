# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# A lease as a file of assignments, which later steps and the running system read. Written by the script that udhcpc
# calls, with everything it was told checked or quoted: a DHCP answer is never executed.

clear_lease() {
  LEASE_INTERFACE='' LEASE_ADDRESS='' LEASE_PREFIX='' LEASE_ROUTER='' LEASE_ROUTES='' LEASE_DNS='' LEASE_DOMAIN=''
  LEASE_SEARCH='' LEASE_HOSTNAME='' LEASE_SERVER='' LEASE_NEXT_SERVER='' LEASE_SECONDS='' LEASE_MTU='' LEASE_NTP=''
  LEASE_ROOT_PATH='' LEASE_METHOD='' LEASE_PEER=''
}

# Takes the variables that udhcpc gives its script; false if there is no usable address among them.
# shellcheck disable=SC2154 # udhcpc's names
lease_from_udhcpc() {
  clear_lease
  LEASE_INTERFACE=$interface
  LEASE_DNS=$(only_any_addresses "${dns-}")
  LEASE_SEARCH=$(only_names "${search-}")
  is_number "${lease-}" && LEASE_SECONDS=$lease
  if is_address6 "${ipv6-}"; then
    LEASE_METHOD=dhcp6 LEASE_ADDRESS=$ipv6 LEASE_PREFIX=128
    return 0
  fi
  is_address "${ip-}" || return 1
  LEASE_METHOD=dhcp
  LEASE_ADDRESS=$ip
  LEASE_PREFIX=$(prefix_of "${mask:-${subnet:-$(class_prefix "$ip")}}")
  LEASE_ROUTER=$(only_addresses "${router-}")
  LEASE_ROUTER=${LEASE_ROUTER%% *}
  LEASE_ROUTES=$(only is_route_word "${staticroutes:-${msstaticroutes-}}")
  LEASE_DOMAIN=$(only_names "${domain-}")
  is_name "${hostname-}" && LEASE_HOSTNAME=$hostname
  is_address "${serverid-}" && LEASE_SERVER=$serverid
  is_address "${siaddr-}" && LEASE_NEXT_SERVER=$siaddr # where a root path without a server is
  is_number "${mtu-}" && [ "$mtu" -ge 576 ] && LEASE_MTU=$mtu
  LEASE_NTP=$(only_addresses "${ntpsrv-}")
  LEASE_ROOT_PATH=${rootpath-}
}

# Name servers that a server without addresses told of, for lease_from_autoconfiguration.
write_names6() {
  printf 'LEASE_DNS=%s\nLEASE_SEARCH=%s\n' "$(quote "$LEASE_DNS")" "$(quote "$LEASE_SEARCH")" >"$1.new"
  mv "$1.new" "$1"
}

# 10.0.0.0/8 or 10.0.0.1: the two halves of a classless route.
is_route_word() { is_address "${1%/*}"; }

# Written beside and renamed, because the boot waits for the file to be there.
write_lease() {
  local name value
  for name in INTERFACE ADDRESS PREFIX ROUTER ROUTES DNS DOMAIN SEARCH HOSTNAME SERVER NEXT_SERVER SECONDS MTU NTP \
    ROOT_PATH METHOD PEER; do
    eval "value=\$LEASE_$name"
    printf 'LEASE_%s=%s\n' "$name" "$(quote "$value")"
  done >"$1.new"
  mv "$1.new" "$1"
}

# shellcheck source=/dev/null
read_lease() { . "$1"; }
