#!/bin/sh
# A machine of the lab: machine.sh NAME FOLDER [KEPT…]. Its root is this machine's, seen through an overlay that keeps what it writes in FOLDER;
# KEPT are folders on other file systems, which an overlay does not show. Started in namespaces of its own; it ends with its first process.
set -eu
name=$1 folder=$2
shift 2
root=$folder/root
mkdir -p "$folder/upper" "$folder/work" "$root"
mount -t overlay "$name" -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
for kept; do
  mkdir -p "$root$kept"
  mount --rbind "$kept" "$root$kept"
done
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
hostname "$name"
touch "$folder/ready"
# As process 1 it reaps what nobody else waits for.
exec chroot "$root" /bin/sh -c 'while :; do sleep 3600 & wait $!; done'
