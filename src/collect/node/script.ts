import { podSockets } from './pod-sockets.ts'

/** How long one command on a node may take, in seconds: a rule set of 100,000 rules is listed in well under half of it. */
export const commandTimeoutSeconds = 60

/**
 * The script that reads a node: POSIX sh, sent over standard input, only reading. What must be read as root is read through `sudo -n`
 * where the user is not root, so nobody is ever asked for a password. Its output is framed, line by line, so that a command that fails,
 * or a connection that ends, spoils one file and not the others; `frames.ts` reads it. It is one text however long, since users without this
 * program take it to their nodes as it is, and read it before:
 *
 *     >NAME      a file begins           |TEXT   a line of it
 *     !TEXT      what the command said on standard error        <STATUS   the file ends
 *     -NAME WHY  this node has no such thing                    ?NAME WHY  could not be read
 */
export const nodeScript = String.raw`#!/bin/sh
# vipdoctor node script, version 1. It reads and prints; it writes, loads, starts and changes nothing.
# Run it on a node as root or as a user who may sudo:  sh node-script.sh > NODE.out
# Everything stands in one function, so that a script cut off on its way runs nothing, and no command reads the rest of it as input.
main() {
set -u
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin
LC_ALL=C
export PATH LC_ALL
# What an rc file said without a newline ends here.
printf '\nvipdoctor-node 1\n'
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

# In a pod the node's files stand under $node, and a tool that the pod's image lacks is the node's own, run in there.
node=${'$'}{VIPDOCTOR_NODE_ROOT:-}
uid=$(id -u)
without=
[ -z "$node" ] || ip -j route show >/dev/null 2>&1 || without=ip # BusyBox's ip knows no JSON
here() { [ "$1" != "$without" ] && command -v "$1" >/dev/null 2>&1; }
on_node() { [ -n "$node" ] && chroot "$node" /bin/sh -c 'command -v "$0"' "$1" >/dev/null 2>&1; }
installed() { here "$1" || on_node "$1"; }
# Where there is no timeout, and where it is BusyBox's, which looks once a second whether the command is still there. A command in the
# background has no input unless it is handed on by another number.
in_time() {
  { "$@" <&5 5<&- & run=$!; } 5<&0
  { trap 'kill "$nap"' TERM; sleep __TIMEOUT__ & nap=$!; wait "$nap" && kill "$run"; } >/dev/null 2>&1 </dev/null 3>&- 4>&- & guard=$!
  wait "$run"; ended=$?
  kill "$guard" 2>/dev/null
  [ "$ended" != 143 ] || return 124
  return "$ended"
}
limit=in_time
! here timeout || timeout --help 2>&1 | grep -q BusyBox || limit='timeout __TIMEOUT__'
# By the node's own shell: some BusyBox would take the program for one of its own.
limited() {
  if [ -n "$node" ] && ! here "$1"; then set -- chroot "$node" /bin/sh -c 'exec "$@"' sh "$@"; fi
  $limit "$@"
}
if [ "$uid" = 0 ]; then
  root() { limited "$@"; }
else
  root() { limited sudo -n -- "$@"; }
fi

# frame FILE COMMAND...: prints the command's output as a file. The echo keeps a last line without newline apart from the frame.
frame() {
  printf '>%s\n' "$1"
  shift
  {
    said=$({ { "$@" 2>&3; printf '\n%s' "$?" >&3; echo; } | sed 's/^/|/' >&4; } 3>&1 </dev/null)
  } 4>&1
  status=$(printf '%s\n' "$said" | tail -n 1)
  printf '%s\n' "$said" | sed -e '$d' -e '/^$/d' -e 's/^/!/' | cut -c 1-400 | head -n 5
  printf '<%s\n' "$status"
}
none() { printf -- '-%s %s\n' "$1" "$2"; }
missed() { printf '?%s %s\n' "$1" "$2"; }

# --- processes: command lines of what has to do with Services, names of the rest; nothing that looks like a secret
shows_all() { printf '%s\n' "$1" | grep '^ *1 ' >/dev/null; }
list_processes() {
  found=$(ps -ww -eo pid=,args= 2>/dev/null || ps -o pid,args)
  # Who may not see process 1 (hidepid of /proc) may not see kube-proxy either.
  shows_all "$found" || found=$(root ps -ww -eo pid=,args= 2>/dev/null)
  shows_all "$found" && printf '%s\n' "$found"
}
all=$(list_processes)
processes() {
  shows_all "$all" || { echo 'processes of other users are hidden here (hidepid)' >&2; return 1; }
  printf '%s\n' "$all" | awk '
    $1 !~ /^[0-9]+$/ || $2 ~ /^\[/ { next }
    { name = $2; sub(/.*\//, "", name) }
    name ~ /^(kube|k3s|k0s|rke2|containerd|cri|docker|speaker|controller|metallb|vip|flannel|calico|bird|cilium|ovn|ovs|antrea|weave|frr|bgpd|bfdd|zebra|watchfrr|keepalived|haproxy|nginx|envoy|etcd|firewalld|ufw|hyperkube|snap)/ {
      line = $0; sub(/^ *[0-9]+ /, "", line); printf "%7d %s\n", $1, line; next
    }
    { printf "%7d %s\n", $1, $2 }' |
    sed -E 's/((token|password|passwd|secret)[A-Za-z0-9_-]*[= ])[^ ]+/\1***/g'
}
frame processes.txt processes

# --- packet filter: each back-end by its own name, and a back-end only where the kernel has it (asking would load it)
kernel_has_nft() {
  [ -d /sys/module/nf_tables ] || [ ! -r /proc/kallsyms ] || grep -q ' nft_do_chain' /proc/kallsyms
}
nft_save() {
  if ! kernel_has_nft; then
    frame "$1-nft-save.txt" true
  elif installed "$1-nft-save"; then
    frame "$1-nft-save.txt" root "$1-nft-save" -c
  elif installed xtables-nft-multi; then
    frame "$1-nft-save.txt" root xtables-nft-multi "$1-save" -c
  elif limited "$1-save" --version 2>/dev/null | grep -q nf_tables; then
    frame "$1-nft-save.txt" root "$1-save" -c
  else
    missed "$1-nft-save.txt" "$1-nft-save is not installed"
  fi
}
legacy_save() {
  names=/proc/net/$2
  if [ ! -e "$names" ]; then
    none "$1-legacy-save.txt" 'the kernel has no legacy tables'
  elif ! tables=$(root cat "$names" 2>/dev/null); then
    missed "$1-legacy-save.txt" "$names can be read by root only, and sudo -n was refused"
  elif [ -z "$tables" ]; then
    none "$1-legacy-save.txt" 'the kernel has no legacy tables'
  elif installed "$1-legacy-save"; then
    frame "$1-legacy-save.txt" root "$1-legacy-save" -c
  elif installed xtables-legacy-multi; then
    frame "$1-legacy-save.txt" root xtables-legacy-multi "$1-save" -c
  elif limited "$1-save" --version 2>/dev/null | grep -qv nf_tables; then
    frame "$1-legacy-save.txt" root "$1-save" -c
  else
    missed "$1-legacy-save.txt" "the kernel has legacy tables, and $1-legacy-save is not installed"
  fi
}
nft_save iptables
legacy_save iptables ip_tables_names
nft_save ip6tables
legacy_save ip6tables ip6_tables_names
if ! kernel_has_nft; then
  frame nft-ruleset.json echo '{"nftables": [{"metainfo": {"json_schema_version": 1}}]}'
elif installed nft; then
  frame nft-ruleset.json root nft -j list ruleset
else
  missed nft-ruleset.json 'nft is not installed'
fi
if [ -e /proc/net/ip_vs ]; then
  frame proc-net-ip_vs.txt root cat /proc/net/ip_vs
  if installed ipvsadm; then frame ipvsadm.txt root ipvsadm -Sn; else none ipvsadm.txt 'ipvsadm is not installed'; fi
else
  none proc-net-ip_vs.txt 'the kernel has no IPVS'
  none ipvsadm.txt 'the kernel has no IPVS'
fi
if [ ! -d /sys/module/ip_set ]; then
  none ipset-save.txt 'the kernel has no sets'
elif installed ipset; then
  frame ipset-save.txt root ipset save
else
  missed ipset-save.txt 'ipset is not installed'
fi
tracked=/proc/sys/net/netfilter/nf_conntrack_count
if [ ! -e /proc/net/nf_conntrack ]; then
  none proc-net-nf_conntrack.txt 'the kernel has no /proc/net/nf_conntrack'
elif [ -r "$tracked" ] && [ "$(cat "$tracked")" -gt 20000 ]; then
  missed proc-net-nf_conntrack.txt "$(cat "$tracked") connections are tracked; more than 20000 are not read"
else
  frame proc-net-nf_conntrack.txt root cat /proc/net/nf_conntrack
fi

# --- addresses, routes, neighbours, sockets
frame ip-addr.json limited ip -j addr show
frame ip-link.json limited ip -j -d link show
frame ip-route.json limited ip -j route show table all
frame ip-rule.json limited ip -j rule show
frame ip-neigh.json limited ip -j neigh show
sockets() {
  installed ss || { echo 'ss is not installed' >&2; return 127; }
  root ss -H -lntup 2>/dev/null || limited ss -H -lntup
}
frame ss-listen.txt sockets

__POD_SOCKETS__

# --- sysctls, in the notation of sysctl(8): dots of an interface's name become slashes
sysctls() {
  set -- /dev/null
  for key in accept_local arp_announce arp_filter arp_ignore forwarding ignore_routes_with_linkdown proxy_arp route_localnet rp_filter send_redirects src_valid_mark; do
    set -- "$@" /proc/sys/net/ipv4/conf/*/"$key"
  done
  for key in disable_ipv6 forwarding ignore_routes_with_linkdown proxy_ndp; do
    set -- "$@" /proc/sys/net/ipv6/conf/*/"$key"
  done
  grep -s '' "$@" /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ip_local_port_range /proc/sys/net/ipv4/ip_nonlocal_bind \
    /proc/sys/net/ipv4/icmp_ratelimit /proc/sys/net/ipv4/vs/* /proc/sys/net/bridge/* \
    /proc/sys/net/netfilter/nf_conntrack_buckets /proc/sys/net/netfilter/nf_conntrack_count \
    /proc/sys/net/netfilter/nf_conntrack_max /proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal |
    sed -e 's,^/proc/sys/,,' -e 'y,./,/.,' -e 's/:/ = /' | sort | grep .
}
frame sysctl.txt sysctls

# --- kube-proxy: its own words
get() {
  if installed curl; then
    limited curl -sS -k -m 10 "$@"
  elif installed wget; then
    [ "$1" = -f ] && shift
    limited wget -q -O - -T 10 "$1"
  else
    echo 'neither curl nor wget is installed' >&2
    return 127
  fi
}
metrics() {
  body=$(get -f "$2") || return $?
  printf '%s\n' "$body" | grep "^$1" | grep -v '_bucket{'
}
# Anybody may call a process kube-proxy and name a file: root reads one only for root's own kube-proxy, only under the root of that process, by no
# link that could lead out of it (the kubelet mounts a ConfigMap by two that do not), no more than 64 KiB, and says only what is such a file.
mine() {
  [ "$(awk '/^Uid:/ { print $2 + $3 + $4 + $5 }' "/proc/$1/status")" = 0 ] || return 1
  exe=$(root readlink "/proc/$1/exe") && exe=${'$'}{exe% (deleted)} && [ "${'$'}{exe##*/}" = kube-proxy ]
}
inside='at=/proc/$0/root rest=$1 links=0
while [ -n "$rest" ]; do
  part=${'$'}{rest%%/*}
  case $rest in */*) rest=${'$'}{rest#*/} ;; *) rest= ;; esac
  case $part in ""|.) continue ;; esac
  to=
  [ ! -h "$at/$part" ] || { to=$(readlink "$at/$part"); links=$((links + 1)); }
  case $part/$to/ in ../*|*/../*|*//?*) links=9 ;; esac
  [ "$links" -lt 9 ] || { echo "$1 is not read: a link or .. on its way may lead elsewhere" >&2; exit 1; }
  if [ -n "$to" ]; then rest=$to/$rest; else at=$at/$part; fi
done
[ -f "$at" ] || { echo "$1 is no regular file under the root of process $0" >&2; exit 1; }
head -c 65537 "$at"'
proxy_config() {
  file=$1
  shift
  said=$("$@") || return 1
  [ "${'$'}{#said}" -le 65536 ] || { echo "$file is larger than 64 KiB" >&2; return 1; }
  printf '%s\n' "$said" | grep -Eq "^kind: *[\"']?KubeProxyConfiguration[\"']? *$" ||
    { echo "$file does not say that it is a KubeProxyConfiguration" >&2; return 1; }
  printf '%s\n' "$said"
}
usual=/var/lib/kube-proxy/kube-proxy-config.yaml
pid=
named=
for one in $(printf '%s\n' "$all" | awk '$1 ~ /^[0-9]+$/ && $2 ~ /(^|\/)kube-proxy$/ { print $1 }' | head -n 20); do
  named=$one
  if mine "$one" 2>/dev/null; then pid=$one; break; fi
done
config=$(printf '%s\n' "$all" | sed -n -E "s/^ *$pid .* --config[= ]([^ ]+).*/\1/p" | head -n 1)
if [ -n "$pid" ] && [ -n "$config" ]; then
  frame kube-proxy-config.yaml proxy_config "$config" root sh -c "$inside" "$pid" "$config"
elif [ -n "$pid" ]; then
  none kube-proxy-config.yaml 'kube-proxy runs without --config'
elif [ -n "$named" ] && ! root true 2>/dev/null; then
  missed kube-proxy-config.yaml 'whose kube-proxy it is can be seen by root only, and sudo -n was refused'
elif [ -n "$named" ]; then
  missed kube-proxy-config.yaml "no process that is named kube-proxy is root's own kube-proxy, so what its arguments name is not read"
elif [ -r "$node$usual" ]; then
  frame kube-proxy-config.yaml proxy_config "$usual" limited head -c 65537 "$node$usual"
else
  missed kube-proxy-config.yaml "no process is named kube-proxy, and $usual is not there"
fi
frame proxy-mode.txt get -f http://127.0.0.1:10249/proxyMode
frame kube-proxy-configz.json get -f http://127.0.0.1:10249/configz
frame kube-proxy-metrics.txt metrics kubeproxy_ http://127.0.0.1:10249/metrics
frame healthz-10256.json get http://127.0.0.1:10256/healthz

# --- eBPF data planes: what the agent's own tool lists, asked for in its container
cri=
if installed crictl; then cri=crictl; elif installed k3s; then cri='k3s crictl'; fi
in_agent() {
  file=$1 agent=$2
  shift 2
  if [ -z "$cri" ]; then
    missed "$file" 'crictl is not installed'
  elif id=$(root $cri ps --state Running --quiet --name "^$agent\$" 2>/dev/null | head -n 1) && [ -n "$id" ]; then
    frame "$file" root $cri exec "$id" "$@"
  else
    missed "$file" "crictl finds no running container $agent"
  fi
}
# Up to 1.14 the tool is called as the program on an administrator's own machine.
by_cilium='tool=cilium-dbg; command -v "$tool" >/dev/null || tool=cilium; exec "$tool" "$@"'
cilium() {
  file=$1
  shift
  if printf '%s\n' "$all" | grep -q 'cilium-agent'; then
    in_agent "$file" cilium-agent sh -c "$by_cilium" sh "$@" -o json
  else
    none "$file" 'no cilium-agent runs'
  fi
}
cilium cilium-status.json status
cilium cilium-service-list.json service list
cilium cilium-bpf-lb-list.json bpf lb list
if [ -e /sys/class/net/bpfin.cali ] || [ -e /sys/class/net/bpfnatin ]; then
  in_agent calico-bpf-nat-dump.txt calico-node calico-node -bpf nat dump
else
  none calico-bpf-nat-dump.txt 'no eBPF data plane of Calico runs'
fi

# --- MetalLB's speaker: 7472 before 0.16, 17472 on loopback since
speaker=$(limited ss -H -lnt 2>/dev/null | awk '$4 ~ /:(17472|7472)$/ { sub(/^\*:/, "127.0.0.1:", $4); print $4; exit }')
if [ -n "$speaker" ]; then
  frame metallb-metrics.txt metrics metallb_ "http://$speaker/metrics"
else
  none metallb-metrics.txt 'nothing listens on 17472 or 7472'
fi

# --- keepalived: the addresses that it puts on an interface; its passwords stay here
vrrp_files() { ls "$node/etc/keepalived/keepalived.conf" "$node"/etc/keepalived/conf.d/*.conf 2>/dev/null; }
vrrp_conf() {
  vrrp_files | while read -r file; do root cat "$file" 2>/dev/null || limited cat "$file"; done |
    sed -E 's/(auth_pass|password)([[:space:]]+)[^[:space:]}]+/\1\2***/g'
}
if [ -n "$(vrrp_files)" ]; then
  frame keepalived.conf vrrp_conf
else
  none keepalived.conf 'there is no /etc/keepalived/keepalived.conf'
fi

# --- Pacemaker: the addresses that it puts on an interface; no other parameter of a resource, a fencing password say, leaves the node
pacemaker=$node/var/lib/pacemaker
cib() {
  said=$(root cibadmin --query 2>/dev/null || limited cibadmin --query 2>/dev/null || root cat "$pacemaker/cib/cib.xml") || return 1
  [ "${'$'}{#said}" -le 8388608 ] || { echo 'the CIB is larger than 8 MiB' >&2; return 1; }
  printf '%s\n' "$said" | awk '
    BEGIN { RS = "<"; ORS = "" }
    NR > 1 && !(/^nvpair/ && /value/ && !/ name="(ip|nic|cidr_netmask|target-role)"/) { print "<" $0 }'
}
if installed cibadmin || [ -d "$pacemaker" ]; then
  frame pacemaker-cib.xml cib
else
  none pacemaker-cib.xml 'there is no cibadmin, and no /var/lib/pacemaker'
fi

# --- CNI
conf=$node/etc/cni/net.d
[ -d "$conf" ] || [ ! -d "$node/var/lib/rancher/k3s/agent/etc/cni/net.d" ] || conf=$node/var/lib/rancher/k3s/agent/etc/cni/net.d
# What ls says of a folder that is not there, with the folder's name on the node.
as_on_node() { sed "s,$node/,/,"; }
list_conf() {
  if [ -e "$conf" ]; then root ls "$conf" 2>/dev/null || limited ls "$conf"; else ls "$conf" 2>&1 | as_on_node; fi
}
frame cni-conf.txt list_conf
cat_conf() { root cat "$1" 2>/dev/null || limited cat "$1"; }
hide_tokens() { cat_conf "$1" | sed -E 's/("[A-Za-z0-9_-]*([Tt]oken|[Pp]assword|[Ss]ecret)[A-Za-z0-9_-]*" *: *")[^"]*"/\1***"/g'; }
list_conf | grep -E '^[A-Za-z0-9][A-Za-z0-9._-]*\.(conf|conflist|json)$' | while read -r file; do
  frame "cni-conf/$file" hide_tokens "$conf/$file"
done
bin=
for dir in /opt/cni/bin /usr/lib/cni /usr/libexec/cni /var/lib/rancher/k3s/data/current/bin; do
  [ -n "$bin" ] || [ ! -d "$node$dir" ] || bin=$node$dir
done
list_bin() {
  if [ -e "$1" ]; then ls "$1"; else ls "$1" 2>&1 | as_on_node; fi
}
frame cni-bin.txt list_bin "$(printf '%s' "$bin" | grep . || echo "$node/opt/cni/bin")"

# --- units and versions
if [ -d "$node/run/systemd/system" ]; then
  frame systemd-units.txt limited systemctl list-units --all --type=service --plain --no-legend --no-pager
else
  none systemd-units.txt 'this node does not run systemd'
fi
versions() {
  uname -sr
  sed -n 's/^PRETTY_NAME="*\([^"]*\)"*$/\1/p' "$node/etc/os-release"
  for tool in iptables nft ipset kubelet kube-proxy; do
    ! installed "$tool" || limited "$tool" --version | head -n 1
  done
  ! installed ip || limited ip -V
  true
} 2>/dev/null
frame versions.txt versions
printf 'vipdoctor-node end\n'
}
main </dev/null
`
  .replaceAll('__TIMEOUT__', String(commandTimeoutSeconds))
  .replace('__POD_SOCKETS__', () => podSockets)
