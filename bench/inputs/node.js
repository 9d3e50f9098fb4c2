// What else a node prints that a packet meets: two interfaces, their routes, forwarding on. A bundle of nothing but one such node.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export const nodeAddress = '10.240.0.20'

const held = (ifname, ifindex, local, prefixlen) => ({
  ifindex,
  ifname,
  flags: ['UP', 'LOWER_UP'],
  addr_info: [{ family: 'inet', local, prefixlen, scope: ifname === 'lo' ? 'host' : 'global' }],
})
const local = (dst, dev) => ({ type: 'local', dst, dev, table: 'local', protocol: 'kernel', scope: 'host', flags: [] })

const files = {
  'ip-addr.json': [held('lo', 1, '127.0.0.1', 8), held('eth0', 2, nodeAddress, 24), held('cni0', 3, '10.128.20.1', 24)],
  'ip-link.json': [],
  'ip-route.json': [
    { dst: 'default', gateway: '10.240.0.1', dev: 'eth0', flags: [] },
    { dst: '10.128.0.0/12', dev: 'cni0', scope: 'link', flags: [] },
    { dst: '10.240.0.0/24', dev: 'eth0', protocol: 'kernel', scope: 'link', prefsrc: nodeAddress, flags: [] },
    local('127.0.0.0/8', 'lo'),
    local(nodeAddress, 'eth0'),
    local('10.128.20.1', 'cni0'),
  ],
  'nft-ruleset.json': { nftables: [] },
  'ip-rule.json': [
    { priority: 0, src: 'all', table: 'local' },
    { priority: 32766, src: 'all', table: 'main' },
  ],
}

/** Writes a bundle directory with one node, worker-0, and its rules under the name of the command that prints them. */
export function writeNodeBundle(folder, rulesFile, rules) {
  const node = path.join(folder, 'nodes/worker-0')
  mkdirSync(node, { recursive: true })
  writeFileSync(
    path.join(folder, 'bundle.json'),
    JSON.stringify({ format: 'vipdoctor-bundle', version: 1, time: '2026-11-21T06:00:00Z', gaps: [] }),
  )
  for (const [name, value] of Object.entries(files)) writeFileSync(path.join(node, name), JSON.stringify(value))
  writeFileSync(path.join(node, 'sysctl.txt'), 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n')
  writeFileSync(path.join(node, 'iptables-nft-save.txt'), '')
  writeFileSync(path.join(node, rulesFile), rules)
  return path.join(node, rulesFile)
}
