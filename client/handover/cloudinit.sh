# shellcheck shell=dash

# cloud-init would write configuration for whichever manager it finds.
handover_cloudinit() {
  in_root /usr/bin/cloud-init || return 1
  put "$NEW_ROOT/etc/cloud/cloud.cfg.d/99-netroot.cfg" <<CONF
# Written by netroot: the root comes over the network.
network: {config: disabled}
CONF
}
