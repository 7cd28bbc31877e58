# shellcheck shell=dash
# An NFS root: nfs://HOST[:PORT]/PATH[?OPTION&OPTION…], options as mount has them.

nfs_needs() {
  run modprobe -a -q nfs nfsv3 nfsv4 overlay || true # built in, or the mount itself says what is missing
  local host port address
  host=$(nfs_host "$1")
  port=$(nfs_port "$1")
  address=$(address_of "$host")
  if [ -z "$address" ]; then
    trouble server-gone "The name of the root's server is not known." \
      "DNS (${LEASE_DNS:-no server known}) has no address for $host." \
      "Use the server's address in the root's URL, or see to the DNS server."
    return
  fi
  nfs_answers "$address" "${port:-2049}"
}

# A connection first: the kernel's mount takes minutes to say that nobody is there, and does not say it in words.
nfs_answers() {
  local said cause=server-gone
  said=$(run nc -w 5 "$1" "$2" -e true 2>&1) && return 0
  case $said in
    *unreachable* | *'No route'*) cause=no-route ;;
  esac
  trouble "$cause" "The root's NFS server does not answer." \
    "${said:-no connection}; this machine is $LEASE_ADDRESS/$LEASE_PREFIX on $LEASE_INTERFACE, router ${LEASE_ROUTER:-none}." \
    "See that the server $1 runs, serves NFS on TCP port $2, and that no firewall is between."
}

# Version 3 where none is asked for, as the kernel's own nfsroot; then 4.2, for servers that have no other.
nfs_mount() {
  local address options
  address=$(address_of "$(nfs_host "$1")")
  options=$(nfs_options "$1")
  case ,$options, in
    *,vers=* | *,nfsvers=* | *,v3,* | *,v4,*) nfs_try "$1" "$2" "$address" "$options" ;;
    *) nfs_try_versions "$1" "$2" "$address" "$options" ;;
  esac
}

# A server without version 4 has said nothing of the root by that: what it answered to version 3 is the trouble.
# shellcheck disable=SC2153 # CAUSE and the others are set by trouble
nfs_try_versions() {
  local cause what found next
  nfs_try "$1" "$2" "$3" "vers=3${4:+,$4}" && return
  cause=$CAUSE what=$WHAT found=$FOUND next=$NEXT
  nfs_try "$1" "$2" "$3" "vers=4.2${4:+,$4}" && return
  [ "$WHAT" != "$NFS_OTHER_VERSION" ] || trouble "$cause" "$what" "$found" "$next"
  return 1
}

NFS_OTHER_VERSION="The server does not speak this version of NFS."

# nfs_try URL DIRECTORY ADDRESS OPTIONS
nfs_try() {
  local said
  said=$(run mount -t nfs -o "$(nfs_all_options "$1" "$3" "$4")" "$(nfs_host "$1"):$(nfs_path "$1")" "$2" 2>&1) && {
    printf '%s' "$said"
    return 0
  }
  nfs_why "$1" "$said"
  return 1
}

# busybox hands the options to the kernel as they are, so addr= (and clientaddr= for version 4) must be among them. With a
# port in the URL mount requests go there too: no rpcbind. nolock, because locks are the business of the layer above.
# nocto and the long attribute times, because nothing may change below an overlay. What the URL asks for comes last: it wins.
nfs_all_options() {
  local port options
  port=$(nfs_port "$1")
  options="ro,nolock,proto=tcp,hard,nocto,actimeo=600,addr=$2"
  case ,$3, in
    *,vers=4* | *,nfsvers=4* | *,v4,*) options="$options,clientaddr=$LEASE_ADDRESS${port:+,port=$port}" ;;
    *) options="$options,mountproto=tcp${port:+,port=$port,mountport=$port}" ;;
  esac
  echo "$options,$3"
}

# nfs_why URL SAID: what mount said is the kernel's word for what the server answered.
nfs_why() {
  local kernel found
  kernel=$(kernel_messages | grep -vi 'command line' | grep -iE 'nfs.*(server|error|denied|version|refused)' | tail -n 1)
  found="${2##*: } on mounting $(nfs_describe "$1")${kernel:+; kernel: ${kernel#*] }}."
  case $2 in
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
      trouble root-refused "The server's MOUNT service is not where it was looked for." "$found" "$(nfs_ports_advice "$1")"
      ;;
    *'No such device'* | *'nknown filesystem'*)
      trouble root-refused "The kernel has no NFS client." "$found" \
        "See that the drivers part has nfs, nfsv3, lockd and sunrpc of kernel $(running_kernel)."
      ;;
    *)
      trouble server-gone "The root's NFS server does not answer as it should." "$found" \
        "See that NFS and its MOUNT service run on the server. $(nfs_ports_advice "$1")"
      ;;
  esac
}

# Without a port the kernel asks rpcbind for NFS and MOUNT; servers such as netroot's own have both on one port, and none.
nfs_ports_advice() {
  if [ -n "$(nfs_port "$1")" ]; then
    echo "Add mountport= to the root's URL, or leave the port out where the server runs rpcbind."
  else
    echo "Without a port the kernel asks its rpcbind (TCP port 111); where there is none, add the options port=2049,mountport=2049."
  fi
}

nfs_describe() { echo "$(nfs_host "$1"):$(nfs_path "$1") by NFS${LEASE_INTERFACE:+ over $LEASE_INTERFACE}"; }

nfs_host() {
  set -- "${1#*://}"
  set -- "${1%%/*}"
  echo "${1%:*}"
}

# Nothing where the URL has none: then the kernel asks rpcbind, as every NFS client does.
nfs_port() {
  set -- "${1#*://}"
  set -- "${1%%/*}"
  case $1 in
    *:*) echo "${1##*:}" ;;
  esac
}

nfs_path() {
  set -- "${1#*://}"
  set -- "/${1#*/}"
  echo "${1%%\?*}"
}

# vers=3&nocto as vers=3,nocto
nfs_options() {
  case $1 in
    *\?*) printf '%s\n' "${1#*\?}" | tr '&' ',' ;;
  esac
}

# nfs_url_of_path WORD: what root=, nfsroot= and DHCP option 17 say, as a URL.
#   [nfs:|nfs4:][SERVER:]PATH[:OPTIONS|,OPTIONS]      every option is kept, in its order
# (root=nfs4: is version 4.2.) Without a server it is the one that gave the lease or that ip= names. %s is this machine's address.
nfs_url_of_path() {
  local word=$1 server path options=''
  case $word in
    '') return ;;
    nfs://*) echo "$word" && return ;;
    nfs4:*) options=vers=4.2 ;;
  esac
  word=${word#nfs:}
  word=${word#nfs4:}
  case $word in
    /*) server=$LEASE_SERVER ;;
    *:*)
      server=${word%%:*}
      word=${word#*:}
      ;;
    *) server=$LEASE_SERVER ;;
  esac
  path=${word%%[:,]*}
  [ "$path" = "$word" ] || options=${options:+$options,}${word#"$path"[:,]}
  [ "$path" = auto ] && path=/tftpboot/%s
  case $path in
    *%s*) path="${path%%%s*}$LEASE_ADDRESS${path#*%s}" ;;
  esac
  case $path in
    /*) ;;
    *) path=/$path ;;
  esac
  echo "nfs://$server$path${options:+?$(printf '%s' "$options" | tr ',' '&')}"
}
