// The same Services each time: addresses, ports and chain names that every generated input agrees about.
import { createHash } from 'node:crypto'

const quad = (first, second, n) => `${first}.${second + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`

/** Names as kube-proxy makes them: the first letters of a SHA-256 in base 32 (pkg/proxy/iptables/proxier.go, portProtoHash). */
function hash(text, letters = 16) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bytes = createHash('sha256').update(text).digest()
  return Array.from({ length: letters }, (_, at) => alphabet[bytes[at] & 31]).join('')
}

/**
 * LoadBalancer Services with their endpoints, on pods of so many nodes. Service n has VIP 10.240.x.y, ClusterIP 10.32.x.y and the nodePort
 * 10000 + n of a cluster whose --service-node-port-range was widened.
 */
export function servicesOf(count, endpoints, nodes = 100) {
  return Array.from({ length: count }, (_, n) => {
    const name = `default/svc-${n}`
    return {
      name,
      chain: hash(`${name}tcp`),
      vip: quad(10, 240, n + 1024),
      clusterIp: quad(10, 32, n + 1),
      nodePort: 10_000 + n,
      endpoints: Array.from({ length: endpoints }, (__, e) => {
        const pod = n * endpoints + e
        const node = pod % nodes
        const address = `10.${128 + (node >> 8)}.${node & 255}.${2 + (Math.floor(pod / nodes) % 250)}`
        return { address, node, port: 8080 + Math.floor(pod / nodes / 250), chain: hash(`${name}tcp${address}`) }
      }),
    }
  })
}
