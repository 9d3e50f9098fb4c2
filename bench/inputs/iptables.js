// What iptables-save prints on a node of kube-proxy 1.34 in mode iptables: 11 rules, and for each Service 6 and 3 for each endpoint.

const portals = '-m comment --comment "kubernetes service portals"'

const filter = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW ${portals} -j KUBE-SERVICES
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

const asks = (what, address, name, port) =>
  `-A ${what} -d ${address}/32 -p tcp -m comment --comment "${name}" -m tcp --dport ${port}`

function serviceRules({ name, chain, clusterIp, endpoints }) {
  const last = endpoints.length - 1
  return [
    `-A KUBE-SVC-${chain} ! -s 10.128.0.0/12 -d ${clusterIp}/32 -p tcp -m comment --comment "${name} cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ`,
    ...endpoints.map((endpoint, at) => {
      const random =
        at === last ? '' : ` -m statistic --mode random --probability ${(1 / (endpoints.length - at)).toFixed(11)}`
      return `-A KUBE-SVC-${chain} -m comment --comment "${name} -> ${endpoint.address}:${endpoint.port}"${random} -j KUBE-SEP-${endpoint.chain}`
    }),
  ]
}

const endpointRules = ({ name, endpoints }) =>
  endpoints.flatMap(({ address, port, chain }) => [
    `-A KUBE-SEP-${chain} -s ${address}/32 -m comment --comment "${name}" -j KUBE-MARK-MASQ`,
    `-A KUBE-SEP-${chain} -p tcp -m comment --comment "${name}" -m tcp -j DNAT --to-destination ${address}:${port}`,
  ])

/** The dump of a node that has these Services. Chains stand sorted by name, as iptables-save prints them. */
export function iptablesDump(services) {
  const byChain = [...services].sort((one, other) => (one.chain < other.chain ? -1 : 1))
  const byEndpoint = services
    .flatMap(({ name, endpoints }) => endpoints.map((endpoint) => ({ name, endpoints: [endpoint] })))
    .sort((one, other) => (one.endpoints[0].chain < other.endpoints[0].chain ? -1 : 1))
  const names = [
    ...byChain.map(({ chain }) => `KUBE-EXT-${chain}`),
    'KUBE-MARK-MASQ',
    'KUBE-NODEPORTS',
    'KUBE-POSTROUTING',
    ...byEndpoint.map(({ endpoints }) => `KUBE-SEP-${endpoints[0].chain}`),
    'KUBE-SERVICES',
    ...byChain.map(({ chain }) => `KUBE-SVC-${chain}`),
  ]
  const rules = [
    `-A PREROUTING ${portals} -j KUBE-SERVICES`,
    `-A OUTPUT ${portals} -j KUBE-SERVICES`,
    '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    ...byChain.flatMap(({ name, chain }) => [
      `-A KUBE-EXT-${chain} -m comment --comment "masquerade traffic for ${name} external destinations" -j KUBE-MARK-MASQ`,
      `-A KUBE-EXT-${chain} -j KUBE-SVC-${chain}`,
    ]),
    '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
    ...services.map(
      ({ name, chain, nodePort }) =>
        `-A KUBE-NODEPORTS -p tcp -m comment --comment "${name}" -m tcp --dport ${nodePort} -j KUBE-EXT-${chain}`,
    ),
    '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    ...byEndpoint.flatMap(endpointRules),
    ...services.flatMap(({ name, chain, clusterIp, vip }) => [
      `${asks('KUBE-SERVICES', clusterIp, `${name} cluster IP`, 80)} -j KUBE-SVC-${chain}`,
      `${asks('KUBE-SERVICES', vip, `${name} loadbalancer IP`, 80)} -j KUBE-EXT-${chain}`,
    ]),
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
    ...byChain.flatMap(serviceRules),
  ]
  const bases = ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((name) => `:${name} ACCEPT [0:0]`)
  const chains = names.map((name) => `:${name} - [0:0]`)
  return `${filter}*nat\n${[...bases, ...chains, ...rules].join('\n')}\nCOMMIT\n`
}
