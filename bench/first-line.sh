#!/bin/sh
# Hook of an image build: an init that tells the kernel's log that the real system starts, whatever the initramfs's own
# init or systemd wrote before.
set -eu

cat >"$1/usr/sbin/bench-init" <<'INIT'
#!/bin/sh
echo 'bench: the real system starts' >/dev/kmsg
exec /sbin/init "$@"
INIT
chmod 755 "$1/usr/sbin/bench-init"
