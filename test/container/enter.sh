#!/bin/sh
# enter.sh ROOT NODE USER READ_ONLY COMMAND...: runs a command as a container with this root would, as its process 1. It has the programs of
# this machine, the given node, and a /usr/local/bin of its own. Started by `unshare --mount --pid --fork`.
set -eu
root=$1 node=$2 user=$3 read_only=$4
shift 4
mount --bind "$root" "$root"
mount --bind /usr "$root/usr"
mount --bind "$node" "$root$(command -v node)"
mount --bind "$root/local-bin" "$root/usr/local/bin"
mount --bind /etc "$root/etc"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
if [ "$read_only" = yes ]; then
  mount --bind "$root/data" "$root/data"
  mount -o remount,bind,ro "$root"
  mount -o remount,bind,ro "$root/usr/local/bin"
fi
mount -o remount,bind,ro "$root/usr"
exec chroot --userspec="$user" --groups= "$root" "$@"
