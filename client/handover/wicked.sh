# shellcheck shell=dash

# wicked leaves a card alone that no file, or a file with STARTMODE=off, speaks of.
handover_wicked() {
  in_root /usr/sbin/wicked || return 1
  local link
  keep_card_name
  for link in $(root_links); do
    put "$NEW_ROOT/etc/sysconfig/network/ifcfg-$link" <<IFCFG
# Written by netroot: the root comes over this card.
STARTMODE='off'
BOOTPROTO='none'
IFCFG
  done
}
