/**
 * The part of the node script that lists the sockets of pods: of one process for each network namespace that is not the node's own, the
 * addresses of the namespace and the sockets that wait in it. All of it is read from /proc; no namespace is entered. Addresses are decoded
 * here and not at home, so that redaction finds them.
 *
 * Of a pod with very many sockets the first 2,000 are read, and of a node the first 512 namespaces; `more` says where it stopped.
 */
export const podSockets = String.raw`# --- sockets of pods: read from /proc of one process for each network namespace but the node's own
pod_processes() {
  own=$(readlink "/proc/$$/ns/net") && [ -n "$own" ] || { echo 'the network namespace of this shell is not known' >&2; return 1; }
  printf '%s\n' "$all" | awk '$1 ~ /^[0-9]+$/ { print "/proc/" $1 "/ns/net" }' | root xargs ls -l 2>/dev/null |
    awk -v own="$own" '$(NF - 1) == "->" && $NF != own && !seen[$NF]++ { split($(NF - 2), part, "/"); print part[3] }'
}
pod_sockets() {
  root true || return 1
  shows_all "$all" || { echo 'processes of other users are hidden here (hidepid)' >&2; return 1; }
  [ "$(printf '\1\0' | od -An -td2 | tr -d ' ')" = 1 ] || { echo 'sockets of pods are read on little-endian machines only' >&2; return 1; }
  found=$(pod_processes) || return 1
  printf '%s\n' "$found" | awk 'NF && NR <= 512 {
      path = "/proc/" $1 "/net/"
      print path "fib_trie", path "if_inet6", path "tcp", path "tcp6", path "udp", path "udp6", path "sctp/eps"
    }' |
    root xargs grep -sHE '[|]-- |host LOCAL| 0+:0000 (0A|07) |^[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ [0-9a-f]+ [0-9a-f]+ +[^ ]+$|^ *[^ ]+ +[^ ]+ +[0-9]+ +10 ' |
    awk '
      function hex(text,  value, at) {
        value = 0
        for (at = 1; at <= length(text); at++) value = value * 16 + index("0123456789abcdef", substr(text, at, 1)) - 1
        return value
      }
      function four(word) { return hex(substr(word, 7, 2)) "." hex(substr(word, 5, 2)) "." hex(substr(word, 3, 2)) "." hex(substr(word, 1, 2)) }
      function pair(word) { return substr(word, 7, 2) substr(word, 5, 2) ":" substr(word, 3, 2) substr(word, 1, 2) }
      function six(text) {
        if (text ~ /^0+$/) return "::"
        if (substr(text, 1, 24) == "0000000000000000ffff0000") return four(substr(text, 25, 8))
        return pair(substr(text, 1, 8)) ":" pair(substr(text, 9, 8)) ":" pair(substr(text, 17, 8)) ":" pair(substr(text, 25, 8))
      }
      function address(text) { if (!known[pid, text]++) print "address " text }
      function socket(protocol, text, port) {
        sockets++
        if (sockets <= 2000) print protocol " " (index(text, ":") ? "[" text "]" : text) ":" port
        else if (sockets == 2001) print "more"
      }
      {
        colon = index($0, ":"); split(substr($0, 1, colon - 1), part, "/"); count = split(substr($0, colon + 1), field, " ")
        if (part[3] != pid) { pid = part[3]; sockets = 0; print "pid " pid }
        file = part[5]
        if (file == "fib_trie") {
          if (field[1] == "|--") leaf = field[2]
          else if (leaf !~ /^127\./ && leaf != "0.0.0.0") address(leaf)
        } else if (file == "if_inet6") {
          if (field[4] == "00") {
            text = field[1]; gsub(/..../, "&:", text); address(substr(text, 1, 39))
          }
        } else if (file == "sctp") {
          for (at = 9; at <= count; at++) socket("sctp", field[at] ~ /^[0:]+$/ ? "::" : field[at], field[6])
        } else if (field[4] == ((file ~ /^tcp/) ? "0A" : "07")) {
          split(tolower(field[2]), local, ":")
          socket(substr(file, 1, 3), length(local[1]) == 8 ? four(local[1]) : six(local[1]), hex(local[2]))
        }
      }'
  [ "$(printf '%s\n' "$found" | grep -c .)" -le 512 ] || echo 'more namespaces'
}
frame pod-listen.txt pod_sockets`
