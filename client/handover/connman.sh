# shellcheck shell=dash

# connman knows cards by the beginning of their names, so this one keeps the name it has. Setting the list replaces connman's
# own, so that is given where the image sets none.
handover_connman() {
  in_root /usr/sbin/connmand /usr/bin/connmand || return 1
  keep_card_name
  connman_conf >"$STATE/connman.conf"
  put "$NEW_ROOT/etc/connman/main.conf" <"$STATE/connman.conf"
  rm -f "$STATE/connman.conf"
}

connman_conf() {
  local conf=$NEW_ROOT/etc/connman/main.conf
  if grep -q '^NetworkInterfaceBlacklist' "$conf" 2>/dev/null; then
    sed "s/^NetworkInterfaceBlacklist *= */&$(root_links | tr ' ' ','),/" "$conf"
    return
  fi
  echo "[General]"
  echo "NetworkInterfaceBlacklist=$(root_links | tr ' ' ','),vmnet,vboxnet,virbr,ifb,ve-,vb-"
  [ ! -f "$conf" ] || cat "$conf"
}
