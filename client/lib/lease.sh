# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# A lease as a file of assignments, which later steps and the running system read. Written by the script that udhcpc
# calls, with everything it was told checked or quoted: a DHCP answer is never executed.

clear_lease() {
  LEASE_INTERFACE='' LEASE_ADDRESS='' LEASE_PREFIX='' LEASE_ROUTER='' LEASE_ROUTES='' LEASE_DNS='' LEASE_DOMAIN=''
  LEASE_SEARCH='' LEASE_HOSTNAME='' LEASE_SERVER='' LEASE_SECONDS='' LEASE_MTU='' LEASE_NTP='' LEASE_ROOT_PATH=''
}

# Takes the variables that udhcpc gives its script; false if there is no usable address among them.
# shellcheck disable=SC2154 # udhcpc's names
lease_from_udhcpc() {
  clear_lease
  is_address "$ip" || return 1
  LEASE_INTERFACE=$interface
  LEASE_ADDRESS=$ip
  LEASE_PREFIX=$(prefix_of "${mask:-${subnet:-$(class_prefix "$ip")}}")
  LEASE_ROUTER=$(only_addresses "${router-}")
  LEASE_ROUTER=${LEASE_ROUTER%% *}
  LEASE_ROUTES=$(only is_route_word "${staticroutes-}")
  LEASE_DNS=$(only_addresses "${dns-}")
  LEASE_DOMAIN=$(only_names "${domain-}")
  LEASE_SEARCH=$(only_names "${search-}")
  is_name "${hostname-}" && LEASE_HOSTNAME=$hostname
  is_address "${serverid-}" && LEASE_SERVER=$serverid
  is_number "${lease-}" && LEASE_SECONDS=$lease
  is_number "${mtu-}" && [ "$mtu" -ge 576 ] && LEASE_MTU=$mtu
  LEASE_NTP=$(only_addresses "${ntpsrv-}")
  LEASE_ROOT_PATH=${rootpath-}
}

# 10.0.0.0/8 or 10.0.0.1: the two halves of a classless route.
is_route_word() { is_address "${1%/*}"; }

# Written beside and renamed, because the boot waits for the file to be there.
write_lease() {
  local name value
  for name in INTERFACE ADDRESS PREFIX ROUTER ROUTES DNS DOMAIN SEARCH HOSTNAME SERVER SECONDS MTU NTP ROOT_PATH; do
    eval "value=\$LEASE_$name"
    printf 'LEASE_%s=%s\n' "$name" "$(quote "$value")"
  done >"$1.new"
  mv "$1.new" "$1"
}

# shellcheck source=/dev/null
read_lease() { . "$1"; }
