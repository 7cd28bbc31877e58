# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# The options of an NFS mount as people write them [nfs(5), fstab(5), nfsroot.rst], made fit for the kernel. Elsewhere
# mount.nfs does that, which is not here.

# nfs_sort_options LIST: sets NFS_OPTIONS to what the kernel shall hear of, in its order, and NFS_VERSIONS to the versions to
# try, 4.2/4.1, or nothing. Of several versions the last counts. NFS_READ_AHEAD is what readahead= says, KiB.
nfs_sort_options() {
  local option minor='' rest=$1,
  NFS_OPTIONS='' NFS_VERSIONS='' NFS_READ_AHEAD=''
  while [ -n "$rest" ]; do
    option=${rest%%,*}
    rest=${rest#*,}
    case $option in
      vers=* | nfsvers=*) NFS_VERSIONS=$(nfs_versions "${option#*=}") ;;
      v[2-9] | v[2-9].*) NFS_VERSIONS=$(nfs_versions "${option#v}") ;;
      readahead=*) NFS_READ_AHEAD=${option#*=} ;;
      minorversion=*) minor=${option#*=} ;;
      '' | auto | nouser | owner | noowner | group | nogroup | x-* | X-*) ;; # for those who read fstab
      rw) root_keeps_writes && nfs_keep_option rw ;;                         # else memory above the root takes what is written
      mounthost=*) nfs_keep_option "mountaddr=$(address_of "${option#*=}")" ;;
      *) nfs_keep_option "$option" ;;
    esac
  done
  [ -z "$minor" ] || NFS_VERSIONS=4.$minor
}

# nfs_set_read_ahead DIRECTORY KIB: how far ahead of a program the kernel reads a file. It is a property of the mount that no
# option sets; whatever rsize is, the kernel begins with 128 KiB.
nfs_set_read_ahead() {
  local file
  is_number "$2" || return 0
  file=$ROOT/sys/class/bdi/$(run mountpoint -d "$1")/read_ahead_kb
  [ ! -e "$file" ] || echo "$2" >"$file"
}

nfs_keep_option() { NFS_OPTIONS=${NFS_OPTIONS:+$NFS_OPTIONS,}$1; }

# nfs_versions 4.2/3: a 4 alone is the best of version 4 that the server has, as with mount.nfs.
nfs_versions() {
  local version versions='' rest=$1/
  while [ -n "$rest" ]; do
    version=${rest%%/*}
    rest=${rest#*/}
    case $version in
      4) version=4.2/4.1/4.0 ;;
      3.0) version=3 ;;
    esac
    versions=${versions:+$versions/}$version
  done
  echo "$versions"
}

# nfs_refused_option DIRECTORY OPTIONS: the kernel says no more than that an argument is wrong. The wrong one is that without
# which it says something else; nothing where several are.
nfs_refused_option() {
  local option others said before='' rest=$2,
  while [ -n "$rest" ]; do
    option=${rest%%,*}
    rest=${rest#*,}
    others=$before${rest%,}
    others=${others%,}
    if said=$(run mount -t nfs -o "$(nfs_all_options "$others")" "$NFS_SOURCE" "$1" 2>&1); then run umount "$1"; fi
    case $said in
      *'nvalid argument'*) before=$before$option, ;;
      *)
        echo "$option"
        return
        ;;
    esac
  done
}

# nfs_option_advice OPTION
nfs_option_advice() {
  case $1 in
    '') echo "Leave them out one after the other; see man 5 nfs." ;;
    *=*:*=*) echo "Options are separated by commas, also where a colon begins them." ;;
    udp | proto=udp*) echo "This kernel has no NFS over UDP, nor has netroot's server: leave it out, TCP is the default." ;;
    proto=tcp*) echo "Leave it out: it follows from the server's address." ;;
    rdma | proto=rdma*) echo "NFS over RDMA needs the module rpcrdma, which is not aboard: leave it out, TCP is the default." ;;
    sec=krb5*) echo "Kerberos needs a key of this machine and rpc.gssd, which are not in an initramfs: use sec=sys." ;;
    vers=*) echo "Use vers=4.2, 4.1, 4.0 or 3, or several as vers=4.2/3." ;;
    *context=*) echo "It is for kernels with SELinux, which this one does not run: leave it out." ;;
    *) echo "See its spelling and its value in man 5 nfs; some options go with one version of NFS only, or with a newer kernel than $(running_kernel)." ;;
  esac
}

# nfs_lacks_helper SAID OPTIONS: does an option want a program that runs beside the mount elsewhere, and not here? Then the
# kernel's answer misleads.
nfs_lacks_helper() {
  local found=${1##*: }
  case $found,$2, in
    *refused,*,lock,*)
      trouble bad-option "The root cannot be mounted with locks of version 3." "lock: $found." \
        "They need rpcbind and rpc.statd on this machine: leave lock out, or use version 4, whose locks need neither."
      ;;
    *,xprtsec=tls,* | *,xprtsec=mtls,*)
      trouble bad-option "The root cannot be mounted over TLS." "xprtsec=: $found." \
        "It needs tlshd and a certificate on this machine, which are not in an initramfs: leave xprtsec= out."
      ;;
    *) return 1 ;;
  esac
  return 0
}
