// What `ip -j` prints, as far as it is read. Source: iproute2 6.1 (ip/ipaddress.c, iproute.c, iprule.c, ipneigh.c).

/** `ip -j addr`: a device with its addresses. */
export const addrShape = {
  ifindex: 'number',
  ifname: 'string',
  flags: ['string'],
  mtu: 'number',
  operstate: 'string',
  address: 'string',
  link: 'string',
  link_index: 'number',
  master: 'string',
  addr_info: [
    {
      family: 'string',
      local: 'string',
      address: 'string',
      prefixlen: 'number',
      scope: 'string',
      label: 'string',
      deprecated: 'boolean',
      dynamic: 'boolean',
      secondary: 'boolean',
    },
  ],
} as const

/** `ip -j -d link`: a device with what its driver says of it. */
export const linkShape = {
  ifindex: 'number',
  ifname: 'string',
  flags: ['string'],
  mtu: 'number',
  operstate: 'string',
  address: 'string',
  link: 'string',
  link_index: 'number',
  link_netnsid: 'number',
  link_type: 'string',
  master: 'string',
  linkinfo: { info_kind: 'string', info_data: 'json', info_slave_kind: 'string', info_slave_data: 'json' },
} as const

/** `ip -j route show table all`: one route. */
export const routeShape = {
  type: 'string',
  dst: 'string',
  gateway: 'string',
  via: { family: 'string', host: 'string' },
  dev: 'string',
  table: 'scalar',
  protocol: 'scalar',
  scope: 'scalar',
  prefsrc: 'string',
  metric: 'number',
  flags: ['string'],
  nexthops: [{ gateway: 'string', dev: 'string', weight: 'number', flags: ['string'] }],
} as const

/** `ip -j rule`: one rule of policy routing. */
export const ruleShape = {
  priority: 'number',
  not: 'flag',
  src: 'string',
  srclen: 'number',
  dst: 'string',
  dstlen: 'number',
  fwmark: 'scalar',
  fwmask: 'scalar',
  iif: 'string',
  oif: 'string',
  ipproto: 'string',
  sport: 'scalar',
  dport: 'scalar',
  table: 'scalar',
  action: 'string',
  suppress_prefixlen: 'number',
} as const

/** `ip -j neigh`: one neighbour. */
export const neighShape = {
  dst: 'string',
  dev: 'string',
  lladdr: 'string',
  router: 'flag',
  proxy: 'flag',
  state: ['string'],
} as const
