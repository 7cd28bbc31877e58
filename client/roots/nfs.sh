# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# An NFS root: nfs://HOST[:PORT]/PATH[?OPTION&OPTION…], options as mount has them.

nfs_needs() {
  # The rest the kernel loads itself; what is built in or missing, the mount tells.
  value_in "$MODULES_FOR_ROOT" nfs || run modprobe -a -q nfs nfsv3 overlay || true
  nfs_read_url "$1"
  case $NFS_HOST in
    *:*) NFS_ADDRESS=$NFS_HOST ;; # version 6
    *) NFS_ADDRESS=$(address_of "$NFS_HOST") ;;
  esac
  if [ -z "$NFS_ADDRESS" ]; then
    trouble server-gone "The name of the root's server is not known." \
      "DNS (${LEASE_DNS:-no server known}) has no address for $NFS_HOST." \
      "Use the server's address in the root's URL, or see to the DNS server."
    return
  fi
  nfs_answers "$NFS_ADDRESS" "${NFS_PORT:-2049}"
}

# A connection first: the kernel's mount takes minutes to say that nobody is there, and does not say it in words.
nfs_answers() {
  local said cause=server-gone
  said=$(run nc -w 5 "$1" "$2" -e true 2>&1) && return 0
  case $said in
    *unreachable* | *'No route'*) cause=no-route ;;
  esac
  trouble "$cause" "The root's NFS server does not answer." \
    "${said:-no connection}; this machine is $LEASE_ADDRESS/$LEASE_PREFIX on $LEASE_INTERFACE, router ${LEASE_ROUTER:-none}${LEASE_SERVER:+, as the DHCP server $LEASE_SERVER said}." \
    "See that the server $1 runs, serves NFS on TCP port $2, and that no firewall is between."
}

# One version where one is asked for; the first that the server has where several are (vers=4.2/4.1/4.0/3, as in netroot's own
# URLs). Without any, version 3 as the kernel's own nfsroot, because servers of version 4 may send owners as names, which
# nobody can read yet; then 4.2, for servers that have no other.
nfs_mount() {
  nfs_name_client
  nfs_sort_options "$NFS_OPTIONS"
  nfs_try_versions "$2" "$NFS_OPTIONS" "${NFS_VERSIONS:-3/4.2}" || return
  nfs_set_read_ahead "$2" "$NFS_READ_AHEAD"
}

# nfs_try_versions DIRECTORY OPTIONS 4.2/4.1/3. What a server answers about the root counts for all of 4.x: after it only
# another version is tried, and of all answers the first is told. That there is no such version says nothing of the root.
# shellcheck disable=SC2153 # CAUSE and the others are set by trouble
nfs_try_versions() {
  local version list=$3/ cause='' what='' found='' next='' answered='' refused='' empty=''
  while [ -n "$list" ]; do
    version=${list%%/*}
    list=${list#*/}
    [ "${version%%.*}" != "$answered" ] || continue
    if nfs_try "$1" "vers=$version${2:+,$2}"; then
      nfs_tell_version "$version" "$2" "$refused" "$empty"
      return
    fi
    case $WHAT in
      "$NFS_OTHER_VERSION" | "$NFS_NO_CONTENT")
        [ "$WHAT" = "$NFS_OTHER_VERSION" ] || empty=yes
        refused="${refused:+$refused, }$version"
        continue
        ;;
    esac
    answered=${version%%.*}
    [ -n "$cause" ] || cause=$CAUSE what=$WHAT found=$FOUND next=$NEXT
  done
  [ -z "$cause" ] || trouble "$cause" "$what" "$found" "$next"
  return 1
}

# nfs_tell_version VERSION OPTIONS REFUSED EMPTY: the root's URL says what it is mounted with, for the report and `netroot boots`.
nfs_tell_version() {
  URL="${ROOT_URL%%\?*}?vers=$1"
  add_options_to_url "$2"
  ROOT_URL=$URL
  [ -n "$3" ] || return 0
  ROOT_REFUSED="NFS $3"
  warn "the root's server has no NFS $3${4:+ that gives content}; its root is mounted with version $1"
}

# Clients of version 4.1 and later are told apart by a name that the kernel makes of the host name, which may be the same on
# two machines: then each would make the server drop what the other holds.
nfs_name_client() {
  local file="$ROOT/sys/fs/nfs/net/nfs_client/identifier"
  [ ! -e "$file" ] || card_mac "$LEASE_INTERFACE" >"$file"
}

NFS_OTHER_VERSION="The server does not speak this version of NFS."
NFS_NO_CONTENT="The server gives no content of files by this version of NFS."

# nfs_gives_content DIRECTORY: can a file of the root be read? nfs-ganesha 4 answers READ_PLUS, which the kernel's client of
# version 4.2 sends for every read, with nothing; all programs would then end with an I/O error. Sets NFS_UNREAD if not.
nfs_gives_content() {
  for NFS_UNREAD in etc/passwd usr/lib/os-release etc/fstab bin/sh; do
    [ -s "$1/$NFS_UNREAD" ] || continue
    [ -n "$(head -c 1 "$1/$NFS_UNREAD" 2>/dev/null)" ] # a short file then reads as zero bytes, of which nothing is left here
    return
  done
}

# nfs_try DIRECTORY OPTIONS
nfs_try() {
  local said
  said=$(run mount -t nfs -o "$(nfs_all_options "$2")" "$NFS_SOURCE" "$1" 2>&1) && {
    printf '%s' "$said"
    nfs_gives_content "$1" && return 0
    run umount "$1"
    trouble root-refused "$NFS_NO_CONTENT" "Mounted with $2, no byte of $NFS_UNREAD could be read." \
      "Use another version in the root's URL or in rootflags=: vers=4.1. Servers are known whose NFS 4.2 gives no content (nfs-ganesha 4)."
    return 1
  }
  nfs_why "$said" "$1" "$2"
  return 1
}

# A root that is written is this machine's alone: nobody else changes it, but its own writes must be seen at once by all
# its programs, and its locks are the server's (version 4 needs no lockd).
nfs_rights() { if root_keeps_writes; then echo rw; else echo ro,nolock; fi; }
nfs_caching() { if root_keeps_writes; then echo nocto,; else echo nocto,actimeo=600,; fi; }

# busybox hands the options to the kernel as they are, so addr= (and clientaddr= for version 4) must be among them. With a
# port in the URL mount requests go there too: no rpcbind. nolock, because locks are the business of the layer above.
# nocto and the long attribute times, because nothing may change below an overlay. What the URL asks for comes last: it wins.
nfs_all_options() {
  local tcp=tcp options
  case $NFS_ADDRESS in
    *:*) tcp=tcp6 ;;
  esac
  options="$(nfs_rights),proto=$tcp,hard,$(nfs_caching)addr=$NFS_ADDRESS"
  case ,$1, in
    *,vers=4* | *,nfsvers=4* | *,v4,* | *,v4.?,*) options="$options,clientaddr=$(nfs_client_address)${NFS_PORT:+,port=$NFS_PORT}" ;;
    *) options="$options,mountproto=$tcp${NFS_PORT:+,port=$NFS_PORT,mountport=$NFS_PORT}" ;;
  esac
  echo "$options,$1"
}

# Where a server of version 4.0 calls back: this machine's address of the server's family, or of none, which it then does not
# do. The kernel wants the word in any case.
nfs_client_address() {
  case $NFS_ADDRESS in
    *:*)
      if is_address6 "$LEASE_ADDRESS"; then
        echo "$LEASE_ADDRESS"
      elif find_address6 "$LEASE_INTERFACE" 00; then
        echo "$ADDRESS6"
      else
        echo ::
      fi
      ;;
    *) if is_address "$LEASE_ADDRESS"; then echo "$LEASE_ADDRESS"; else echo 0.0.0.0; fi ;;
  esac
}

# nfs_why SAID DIRECTORY OPTIONS: what mount said is the kernel's word for what the server answered.
nfs_why() {
  local kernel found option
  if nfs_lacks_helper "$1" "$3"; then return; fi
  kernel=$(kernel_messages | grep -vi 'command line' | grep -iE 'nfs.*(server|error|denied|version|refused)' | tail -n 1)
  found="${1##*: } on mounting $(nfs_describe "$ROOT_URL")${kernel:+; kernel: ${kernel#*] }}."
  case $1 in
    *'ermission denied'*)
      trouble root-refused "The server refused the root." "$found" \
        "The export is not open to this machine ($LEASE_ADDRESS): see the server's exports."
      ;;
    *'No such file'*)
      trouble root-refused "The server has no such root." "$found" \
        "There is no such export or directory on the server: see the path."
      ;;
    *'rotocol not supported'*)
      trouble root-refused "$NFS_OTHER_VERSION" "$found" "See vers= and the server's versions."
      ;;
    *'rotocol family not supported'*)
      trouble root-refused "The server's MOUNT service is not where it was looked for." "$found" "$(nfs_ports_advice)"
      ;;
    *'nvalid argument'*)
      option=$(nfs_refused_option "$2" "$3")
      trouble bad-option "The kernel does not take an option of the root's mount." \
        "${option:-one of $3}: $found" "$(nfs_option_advice "$option")"
      ;;
    *'No such device'* | *'nknown filesystem'*)
      trouble root-refused "The kernel has no NFS client." "$found" \
        "See that the drivers part has nfs, nfsv3, lockd and sunrpc of kernel $(running_kernel)."
      ;;
    *)
      trouble server-gone "The root's NFS server does not answer as it should." "$found" \
        "See that NFS and its MOUNT service run on the server. $(nfs_ports_advice)"
      ;;
  esac
}

# Without a port the kernel asks rpcbind for NFS and MOUNT; servers such as netroot's own have both on one port, and none.
nfs_ports_advice() {
  if [ -n "$NFS_PORT" ]; then
    echo "Add mountport= to the root's URL, or leave the port out where the server runs rpcbind."
  else
    echo "Without a port the kernel asks its rpcbind (TCP port 111); where there is none, add the options port=2049,mountport=2049."
  fi
}

nfs_describe() {
  nfs_read_url "$1"
  echo "$NFS_SOURCE by NFS${LEASE_INTERFACE:+ over $LEASE_INTERFACE}"
}

# nfs_read_url URL: sets NFS_HOST, NFS_PORT (nothing where the URL has none: then the kernel asks rpcbind, as every NFS
# client does), NFS_SOURCE as mount takes it, and NFS_OPTIONS: ?vers=3&nocto as vers=3,nocto.
nfs_read_url() {
  local rest=${1#*://} options=''
  case $rest in
    *\?*) options=${rest#*\?}'&' ;;
  esac
  rest=${rest%%\?*}
  NFS_HOST=${rest%%/*} NFS_PORT='' NFS_OPTIONS=''
  NFS_SOURCE=/${rest#*/}
  case $NFS_HOST in
    *\]) ;;
    *:*)
      NFS_PORT=${NFS_HOST##*:}
      NFS_HOST=${NFS_HOST%:*}
      ;;
  esac
  NFS_SOURCE=$NFS_HOST:$NFS_SOURCE
  NFS_HOST=${NFS_HOST#\[}
  NFS_HOST=${NFS_HOST%\]}
  while [ -n "$options" ]; do
    NFS_OPTIONS=${NFS_OPTIONS:+$NFS_OPTIONS,}${options%%&*}
    options=${options#*&}
  done
}

# nfs_url WORD: sets URL from what root=, nfsroot= and DHCP option 17 say.
#   [nfs:|nfs4:][SERVER:]PATH[:OPTIONS|,OPTIONS]      every option is kept, in its order
# (root=nfs4: is version 4.2.) SERVER may be an IPv6 address in brackets. %s is this machine's address.
nfs_url() {
  local word=$1 server='' path options=''
  case $word in
    nfs://*)
      URL=$word
      return
      ;;
    nfs4:*) options=vers=4.2 ;;
  esac
  word=${word#nfs:}
  word=${word#nfs4:}
  case $word in
    /*) ;;
    \[*\]:*)
      server=${word%%\]*}]
      word=${word#*\]:}
      ;;
    *:*:/*)
      server=${word%%/*}
      server=${server%:}
      if is_address6 "$server"; then # without brackets
        word=/${word#*/} server="[$server]"
      else
        server=${word%%:*} word=${word#*:}
      fi
      ;;
    *:*)
      server=${word%%:*}
      word=${word#*:}
      ;;
  esac
  path=${word%%[:,]*}
  [ "$path" = "$word" ] || options=${options:+$options,}${word#"$path"[:,]}
  URL=nfs://${server:-$(server_of_root)}$(nfs_path_of_word "$path")
  add_options_to_url "$options"
}

# The kernel's default is a directory with the machine's address for its name; initramfs-tools calls it `auto`.
nfs_path_of_word() {
  local path=$1
  case $path in
    '' | auto) path=/tftpboot/%s ;;
    /*) ;;
    *) path=/$path ;;
  esac
  case $path in
    *%s*) path="${path%%%s*}$LEASE_ADDRESS${path#*%s}" ;;
  esac
  echo "$path"
}
