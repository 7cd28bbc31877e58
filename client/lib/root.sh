# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# Finding and mounting the root. Each transport TYPE is one file in roots/ with three functions:
#   TYPE_needs URL        what must be there first (modules); false with CAUSE… if it cannot work
#   TYPE_mount URL DIR    mounts it read-only, or to be written where root_keeps_writes; false with CAUSE…
#   TYPE_describe URL     in words

# Tries every root once, in order; the trouble told is that of the last.
mount_root() {
  local url type began
  run mkdir -p "$RELEASE_LAYER"
  for url in $ROOTS; do
    type=${url%%:*}
    ROOT_URL=$url ROOT_REFUSED=''
    read_uptime
    began=$UPTIME
    if ! is_known_root "$type"; then
      unknown_root "$url"
      continue
    fi
    say "root: $("${type}_describe" "$url")"
    if "${type}_needs" "$url" && "${type}_mount" "$url" "$RELEASE_LAYER"; then
      read_uptime
      seconds_between "$began" "$UPTIME"
      ROOT_TOOK=$SECONDS_BETWEEN
      return 0
    fi
  done
  return 1
}

# shellcheck disable=SC2153 # ROOT comes from init
is_known_root() { [ -e "$ROOT/netroot/roots/$1.sh" ]; }

unknown_root() {
  trouble no-plan "This initramfs cannot mount such a root." \
    "$1" \
    "Use one of: $(cd "$ROOT/netroot/roots" && echo *.sh)."
}

# seconds_between 12.34 13.05: sets SECONDS_BETWEEN to 0.71. The leading 1 keeps 08 from being read as octal.
seconds_between() {
  local hundredths rest
  hundredths=$(((${2%.*} - ${1%.*}) * 100 + 1${2#*.} - 1${1#*.}))
  rest=$((100 + hundredths % 100))
  SECONDS_BETWEEN=$((hundredths / 100)).${rest#1}
}

# The root must have an init that can be run, and modules for the kernel that runs.
check_root() {
  find_init || return 1
  local running
  running=$(running_kernel)
  if [ -d "$NEW_ROOT/lib/modules/$running" ] || [ -d "$NEW_ROOT/usr/lib/modules/$running" ]; then return 0; fi
  [ -n "$NETROOT_RELEASE" ] && [ -n "$KERNEL" ] || return 0 # a foreign root, or a kernel without modules
  trouble wrong-release "The root has no modules for the kernel that runs." \
    "Kernel $running; the root has: $(cd "$NEW_ROOT/lib/modules" 2>/dev/null && echo *)." \
    "See that the client's release is complete: netroot image show."
}

# Sets INIT_PATH: init= of the command line, or the kernel's own order.
find_init() {
  local path
  for path in ${INIT:-/sbin/init /usr/lib/systemd/systemd /etc/init /bin/init /bin/sh}; do
    if is_program_in_root "$path"; then
      INIT_PATH=$path
      return 0
    fi
  done
  trouble no-init "The root was mounted, but there is no init in it." \
    "$ROOT_URL has no ${INIT:-/sbin/init}; it has: $(cd "$NEW_ROOT" && echo *)." \
    "See that the root is a whole Linux system, and that init= names a program in it."
}

is_program_in_root() { [ -x "$NEW_ROOT$(path_in_root "$1")" ]; }

# Follows symbolic links of the last component as they will be when the root is /.
path_in_root() {
  local path=$1 target links=0
  while target=$(readlink "$NEW_ROOT$path") && [ "$links" -lt 10 ]; do
    case $target in
      /*) path=$target ;;
      *) path=${path%/*}/$target ;;
    esac
    links=$((links + 1))
  done
  echo "$path"
}

# switch_to_root [WORD...]: moves what the real system goes on using, and becomes its init, with the words that the kernel
# gave us (`single`); switch_root empties the initramfs on the way.
switch_to_root() {
  local directory
  send_log switch &
  LOG_SENDER=$!
  finish_reports
  stop_ssh
  say "starting $INIT_PATH"
  for directory in proc sys dev run; do
    run mkdir -p "$NEW_ROOT/$directory"
    run mount --move "$ROOT/$directory" "$NEW_ROOT/$directory"
  done
  start_without_systemd
  exec 2>&1
  if [ -n "$MOCK" ]; then
    "$MOCK" switch_root "$NEW_ROOT" "$INIT_PATH" "$@"
  else
    exec switch_root "$NEW_ROOT" "$INIT_PATH" "$@"
  fi
}
