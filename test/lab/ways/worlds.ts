/** A node with two ways in, in the words of `ip`, and one client. `@outside` and `@pod` stand for the namespaces. */
export interface World {
  readonly node: readonly string[]
  readonly outside: readonly string[]
  readonly pod: readonly string[]
  /** Rule sets as iptables-restore reads them. */
  readonly rules: string
  readonly outsideRules: string
  /** Below net.ipv4, with slashes. */
  readonly sysctl: Readonly<Record<string, number>>
  readonly client: string
  readonly vip: string
  readonly port: number
  readonly podPort: number
}

const vip = '10.240.0.100'
const pod = '10.200.2.3'
const macs = { eth0: '02:00:00:0f:ad:0e', eth1: '02:00:00:0f:ad:99' } as const
export type Device = keyof typeof macs
export const secondMac = macs.eth1

export const addressOn = (one: Combination, device: Device): string =>
  `${one.subnets === 'two' && device !== one.into ? '10.240.1' : '10.240.0'}.${device === 'eth0' ? '20' : '99'}`

/** What one combination is made of. */
export interface Combination {
  /** `vpc`: the VIP is delivered by its owner's MAC, and the other interface sends it only with its check off. `lan`: whoever answers ARP gets it. */
  readonly fabric: 'vpc' | 'lan'
  /** The device that the network hands the packet to; on a LAN the one whose network the VIP is in. */
  readonly into: Device
  /** What the second device is. */
  readonly second: 'card' | 'vlan' | 'bridge'
  readonly subnets: 'one' | 'two'
  readonly rpFilter: 0 | 1 | 2
  readonly check: 'on' | 'off'
  readonly routing: Routing
  readonly client: 'near' | 'far'
  /** LAN: on which device the VIP is bound, and arp_ignore of all devices. */
  readonly bound: Device | 'lo'
  readonly arpIgnore: 0 | 1 | 2
}

export type Routing =
  | 'none'
  | 'mark'
  | 'rule from the VIP'
  | 'blackhole for the pods'
  | 'blackhole to the client'
  | 'unreachable for the VIP'
  | 'bridge over the client'
  | 'pods’ bridge down'
  | 'second device down'
  | 'second device without address'

/** The name of the second device on the node. */
const secondName = ({ second }: Combination): string =>
  second === 'vlan' ? 'vlan17' : second === 'bridge' ? 'br1' : 'eth1'

/** A device of a combination by its name on the node. */
export const nameOn = (one: Combination, device: Device): string => (device === 'eth0' ? 'eth0' : secondName(one))

const clients = { near: '10.240.0.50', far: '10.240.1.50' } as const
export const clientOf = ({ client }: Combination): string => clients[client]

export function worldOf(one: Combination, recordedRules: string): World {
  const second = secondName(one)
  // The VIP's subnet is 10.240.0.0/24; where there are two, the other device is in 10.240.1.0/24.
  const inOther = (device: Device) => one.subnets === 'two' && device !== one.into
  const net = (device: Device) => (inOther(device) ? '10.240.1' : '10.240.0')
  const address = (device: Device) => addressOn(one, device)
  const into = nameOn(one, one.into)
  const has = one.routing !== 'second device without address'
  const cables = (['eth0', 'eth1'] as const).flatMap((device) => [
    `link add ${device} type veth peer name o-${device} netns @outside`,
    `link set ${device} address ${macs[device]}`,
  ])
  const outer = (device: Device) => (device === 'eth1' && one.second === 'vlan' ? 'o-vlan17' : `o-${device}`)
  const delivered =
    one.fabric === 'vpc'
      ? [
          `neigh replace ${vip} lladdr ${macs[one.into]} dev ${outer(one.into)} nud permanent`,
          `route replace ${vip}/32 dev ${outer(one.into)} src ${clientOf(one)}`,
        ]
      : [`route replace ${vip}/32 dev ${outer(one.into)} src ${clientOf(one)}`]
  return {
    node: [
      ...cables,
      'link add cni0 type bridge',
      'link add vp type veth peer name eth0 netns @pod',
      'link set vp master cni0',
      ...(one.second === 'vlan' ? ['link add link eth1 name vlan17 type vlan id 17'] : []),
      ...(one.second === 'bridge'
        ? ['link add br1 type bridge', `link set br1 address ${macs.eth1}`, 'link set eth1 master br1']
        : []),
      ...['eth0', 'eth1', 'cni0', 'vp', ...(one.second === 'card' ? [] : [second])].map(
        (device) => `link set ${device} up`,
      ),
      'addr add 10.200.2.1/24 dev cni0',
      `addr add ${address('eth0')}/24 dev eth0`,
      ...(has ? [`addr add ${address('eth1')}/24 dev ${second}`] : []),
      `route add default via ${net('eth0')}.1 dev eth0`,
      ...(one.fabric === 'lan' ? [`addr add ${vip}/32 dev ${one.bound === 'lo' ? 'lo' : nameOn(one, one.bound)}`] : []),
      ...routingLines(one, into, clientOf(one)),
    ],
    outside: [
      ...(['eth0', 'eth1'] as const).map((device) => `link set o-${device} up`),
      ...(one.second === 'vlan' ? ['link add link o-eth1 name o-vlan17 type vlan id 17', 'link set o-vlan17 up'] : []),
      // The client's own address and the gateways stand behind both cables, as behind one switch.
      ...(['eth0', 'eth1'] as const).flatMap((device) => [
        `addr add ${net(device)}.1/24 dev ${outer(device)}`,
        `addr add ${net(device)}.50/24 dev ${outer(device)}`,
      ]),
      ...(one.subnets === 'one' ? [`addr add ${clients.far}/32 dev lo`] : []),
      ...delivered,
    ],
    pod: ['link set eth0 up', `addr add ${pod}/24 dev eth0`, 'route add default via 10.200.2.1'],
    rules: withMarks(one, recordedRules, into),
    // EC2's check: an interface sends no source that it does not own.
    outsideRules:
      one.fabric === 'vpc' && one.check === 'on'
        ? `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i ${outer(one.into === 'eth0' ? 'eth1' : 'eth0')} -s ${vip}/32 -j DROP\nCOMMIT\n`
        : '',
    sysctl: {
      ip_forward: 1,
      'conf/all/rp_filter': 0,
      ...Object.fromEntries(['eth0', second, 'cni0'].map((device) => [`conf/${device}/rp_filter`, one.rpFilter])),
      'conf/all/arp_ignore': one.arpIgnore,
      ...(one.routing === 'mark' ? { [`conf/${into}/rp_filter`]: 2 } : {}),
    },
    client: clientOf(one),
    vip,
    port: 80,
    podPort: 80,
  }
}

function routingLines(one: Combination, into: string, client: string): readonly string[] {
  const table = [
    `route add 10.240.0.0/24 dev ${into} table 116`,
    `route add default via 10.240.0.1 dev ${into} table 116`,
  ]
  switch (one.routing) {
    case 'none':
    case 'second device without address':
      return []
    case 'mark':
      return [...table, 'rule add fwmark 0x10/0x10 lookup 116 priority 1000']
    case 'rule from the VIP':
      return [...table, `rule add from ${vip} lookup 116 priority 1000`]
    case 'blackhole for the pods':
      return ['route add blackhole default table 100', 'rule add from 10.200.0.0/16 lookup 100 priority 90']
    case 'blackhole to the client':
      return [`route add blackhole ${client}/32`]
    case 'unreachable for the VIP':
      return ['route add unreachable default table 100', `rule add from ${vip} lookup 100 priority 90`]
    case 'bridge over the client':
      return [
        'link add docker0 type bridge',
        `addr add ${client.replace(/\d+$/, '49')}/28 dev docker0`,
        'link set docker0 up',
      ]
    case 'pods’ bridge down':
      return ['link set cni0 down']
    case 'second device down':
      return [`link set ${secondName(one)} down`]
  }
}

/** The rules of the recording, and the marks of the printed fix. */
function withMarks({ routing }: Combination, recorded: string, into: string): string {
  if (routing !== 'mark') return recorded
  return recorded.replace(
    /(\*mangle\n(?:[:#].*\n)*)/,
    `$1-A PREROUTING -i ${into} -d ${vip}/32 -j CONNMARK --set-xmark 0x10/0x10\n-A PREROUTING -m conntrack --ctdir REPLY -j CONNMARK --restore-mark --nfmask 0x10 --ctmask 0x10\n`,
  )
}
