# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# What the real system is told of the network it finds itself on: its name, its name servers, and to leave the card alone.
# Every manager is one file in handover/ with one function, handover_NAME, that is false where the manager is not there.

hand_over() {
  local file name
  MANAGERS=
  LEASE_MAC=$(card_mac "$LEASE_INTERFACE") # by which the running system knows the card
  for file in "$ROOT"/netroot/handover/*.sh; do
    name=${file##*/}
    name=${name%.sh}
    if "handover_$name"; then MANAGERS="$MANAGERS $name"; fi
  done
  hand_over_names
  hand_over_time_servers
  [ -z "$IFNAME_WORDS" ] || keep_card_name
  make_fstab_harmless
  say "told to leave $LEASE_INTERFACE alone:${MANAGERS:- nobody, no network manager was found}"
}

# in_root PATH...: is one of these in the real system?
in_root() {
  local path
  for path in "$@"; do
    if [ -e "$NEW_ROOT$path" ] || [ -h "$NEW_ROOT$path" ]; then return 0; fi
  done
  return 1
}

# An entry for / in the image's fstab speaks of the disk it was made on: nothing may be checked or mounted again for it.
# Other entries on local disks may be missing on this machine: they must not hold up the boot.
make_fstab_harmless() {
  local fstab=$NEW_ROOT/etc/fstab
  if [ ! -f "$fstab" ] || [ -h "$fstab" ]; then return; fi
  harmless_fstab <"$fstab" >"$STATE/fstab"
  cmp -s "$STATE/fstab" "$fstab" || put "$fstab" <"$STATE/fstab"
  rm -f "$STATE/fstab"
}

harmless_fstab() {
  awk '
    /^[ \t]*(#|$)/ { print; next }
    $2 == "/" { print "# netroot: the root comes over the network. " $0; next }
    $1 ~ /^(UUID=|LABEL=|PARTUUID=|PARTLABEL=|\/dev\/)/ && ("," $4 ",") !~ /,(nofail|noauto),/ {
      $4 = ($4 == "" ? "defaults" : $4) ",nofail,x-systemd.device-timeout=5s"
      print; next
    }
    { print }
  '
}
