# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# VLANs: vlan=NAME:CARD, where NAME tells the number: vlan0005, vlan5, eth0.0005, eth0.5.

take_vlan() {
  local name=${1#*=} card number
  card=${name#*:} name=${name%%:*}
  number=$(vlan_number "$name")
  if is_interface "$name" && is_interface "$card" && [ "$card" != "$name" ] && [ "${number:-4095}" -lt 4095 ]; then
    VLAN_WORDS="$VLAN_WORDS $name:$card"
  else
    unknown_word "$1" "want vlan=NAME:CARD with a number in NAME, such as vlan5 or eth0.5"
  fi
}

# Without zeros in front, which would make it octal.
vlan_number() {
  local number=${1##*.}
  [ "$number" != "$1" ] || number=${1#vlan}
  is_number "$number" && [ "${#number}" -le 4 ] || return
  while [ "${number#0}" != "$number" ] && [ "$number" != 0 ]; do number=${number#0}; done
  echo "$number"
}

# make_vlan NAME:CARD
make_vlan() {
  local name=${1%%:*} card
  ! value_in "$LINKS" "$name" || return 0
  card=$(interface_called "${1#*:}") || return 1
  run modprobe -q 8021q
  run ip link set "$card" up
  run ip link add link "$card" name "$name" type vlan id "$(vlan_number "$name")" || return 1
  run ip link set "$name" up
  add_link "$name" "$card"
  say "$name is VLAN $(vlan_number "$name") on $card"
}
