import { tool } from '../../../e2e/tools.ts'
import type { Fault } from '../fault.ts'
import { forget, type Lab } from '../lab.ts'
import { nodes, vip } from '../plan.ts'
import { hiding, hidingEnds } from './hiding.ts'
import { service, setPool } from './kubernetes.ts'

// Faults of what is asked for: addresses, announcements, ways to the pods that the cluster or the account gives otherwise.

const both: Pick<Fault, 'fabrics'> = { fabrics: ['ec2', 'lan'] }
const lan: Pick<Fault, 'fabrics'> = { fabrics: ['lan'] }
const ec2: Pick<Fault, 'fabrics'> = { fabrics: ['ec2'] }
const metallb = '-n metallb-system'
const every = nodes.map(({ name }) => name)

const onEach = async (lab: Lab, line: string): Promise<void> => {
  await Promise.all(every.map((name) => lab.on(name, line)))
}

const patchService = (lab: Lab, spec: object): Promise<string> =>
  lab.must(`kubectl patch service nginx-lb -p '${JSON.stringify({ spec })}'`)

const withoutProxy = async (lab: Lab, spec: object): Promise<string> => {
  await onEach(lab, 'systemctl stop kube-proxy')
  return patchService(lab, spec)
}
const regainProxy = (lab: Lab): Promise<void> => onEach(lab, 'systemctl start kube-proxy')

/** An object that MetalLB's webhook would refuse, made as before it was there. */
const behindWebhook = (object: object): Pick<Fault, 'make' | 'undo'> => ({
  make: async (lab) => {
    await lab.must('kubectl delete validatingwebhookconfiguration metallb-webhook-configuration')
    await lab.applied(object)
  },
  undo: async (lab) => {
    await lab.kubectl(['delete', '--ignore-not-found', '-f', '-'], JSON.stringify(object))
    await lab.must(`kubectl apply -f ${tool('metallb-native.yaml')}`)
  },
})

const pool = (namespace: string, name: string, addresses: readonly string[]): object => ({
  ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name, namespace } },
  spec: { addresses },
})

export const askedFaults: readonly Fault[] = [
  {
    ...lan,
    name: 'a Service has an address in externalIPs only',
    causes: ['assignment/external-ips'],
    target: 'default/outer',
    address: '10.240.0.150',
    make: (lab) => lab.applied(service('outer', { type: 'ClusterIP', externalIPs: ['10.240.0.150'] })),
  },
  ...[false, true].map((hidden): Fault => ({
    ...lan,
    name: `a Service has an address in externalIPs that a node has${hidden ? ', and hides from ARP' : ''}`,
    ...(hidden ? { causes: ['announcement/arp-dropped'] } : { healthy: true, causes: [] }),
    target: '10.240.0.150:80',
    address: '10.240.0.150:80',
    make: async (lab) => {
      await lab.applied(service('outer', { type: 'ClusterIP', externalIPs: ['10.240.0.150'] }))
      await lab.on('worker-0', `ip addr add 10.240.0.150/32 dev eth0; ${hidden ? hiding('10.240.0.150') : 'true'}`)
      await forget(lab, 'bastion')
    },
    undo: async (lab) => {
      await lab.on('worker-0', `ip addr del 10.240.0.150/32 dev eth0; ${hidingEnds}`)
      await lab.kubectl(['delete', '--ignore-not-found', 'service', 'outer'])
    },
  })),
  {
    ...lan,
    name: 'the pool reaches over the nodes’ own addresses',
    causes: [],
    also: ['assignment/pool-hygiene'],
    make: (lab) => setPool(lab, ['10.240.0.10-10.240.0.110']),
  },
  {
    ...lan,
    name: 'two pools overlap, and MetalLB goes on with what it had',
    causes: [],
    also: ['control/config-stale'],
    ...behindWebhook(pool('metallb-system', 'second', ['10.240.0.105-10.240.0.120'])),
  },
  {
    ...lan,
    name: 'a pool stands in another namespace than MetalLB',
    causes: [],
    also: ['control/misplaced'],
    ...behindWebhook(pool('default', 'astray', ['10.240.0.130-10.240.0.140'])),
  },
  {
    ...lan,
    name: 'a BGPAdvertisement takes the pool, and no peer is there',
    causes: ['announcement/bgp-advertisement'],
    make: async (lab) => {
      await lab.must(`kubectl ${metallb} delete l2advertisement first`)
      await lab.applied({
        ...{ apiVersion: 'metallb.io/v1beta1', kind: 'BGPAdvertisement' },
        metadata: { name: 'by-bgp', namespace: 'metallb-system' },
        spec: { ipAddressPools: ['first-pool'] },
      })
    },
  },
  {
    ...lan,
    name: 'two more nodes have the VIP on an interface',
    causes: [],
    also: ['announcement/vip-bound-twice'],
    wire: ['wire/several-announcers', 'wire/announcer-not-predicted'],
    make: async (lab) => {
      for (const name of ['worker-0', 'worker-1']) await lab.on(name, `ip addr add ${vip}/32 dev eth0`)
    },
    undo: async (lab) => {
      for (const name of ['worker-0', 'worker-1']) await lab.on(name, `ip addr del ${vip}/32 dev eth0`)
    },
  },
  {
    ...both,
    name: 'kube-proxy was stopped before the Service asked for session affinity',
    causes: [],
    also: ['translation/session-affinity'],
    make: (lab) => withoutProxy(lab, { sessionAffinity: 'ClientIP' }),
    undo: regainProxy,
  },
  {
    ...both,
    name: 'internalTrafficPolicy Local, and the client’s node has no endpoint',
    causes: [],
    also: ['translation/internal-traffic-policy'],
    client: 'node',
    make: async (lab) => {
      const spec = { template: { spec: { nodeSelector: { 'kubernetes.io/hostname': 'worker-0' } } } }
      await lab.must(`kubectl patch deployment nginx -p '${JSON.stringify({ spec })}'`)
      await lab.must('kubectl rollout status deployment nginx --timeout=90s')
      await patchService(lab, { internalTrafficPolicy: 'Local' })
    },
  },
  {
    ...ec2,
    name: 'nobody owns the VIP, and the nodes’ interfaces are full',
    causes: ['delivery/vip-not-owned'],
    also: ['delivery/address-slots-full'],
    make: async (lab) => {
      const owner = await lab.eni('controller-0')
      await lab.must(
        `aws ec2 unassign-private-ip-addresses --network-interface-id ${owner} --private-ip-addresses ${vip}`,
      )
      // A t3.small has room for four addresses on each interface. moto, asked for three, may give one that it gave before.
      for (const [index, name] of every.entries()) {
        const eni = await lab.eni(name)
        const three = [0, 1, 2].map((one) => `10.240.0.${String(151 + 3 * index + one)}`)
        await lab.must(
          `aws ec2 assign-private-ip-addresses --network-interface-id ${eni} --private-ip-addresses ${three.join(' ')}`,
        )
      }
    },
  },
  {
    ...ec2,
    name: 'a node still has the hardware address of the VIP’s owner before',
    causes: [],
    also: ['delivery/stale-neighbour'],
    make: async (lab) => {
      const mac = (await lab.on('worker-0', 'cat /sys/class/net/eth0/address')).trim()
      await lab.on('worker-1', `ip neigh replace ${vip} lladdr ${mac} dev eth0 nud stale`)
    },
    undo: (lab) => lab.on('worker-1', `ip neigh del ${vip} dev eth0; true`),
  },
  {
    ...ec2,
    name: 'a range of the VPC holds the pods’ addresses',
    causes: [],
    also: ['forwarding/cidr-overlap'],
    make: async (lab) => {
      const id = await lab.must("aws ec2 describe-vpcs --query 'Vpcs[0].VpcId' --output text")
      await lab.must(`aws ec2 associate-vpc-cidr-block --vpc-id ${id} --cidr-block 10.200.0.0/16`)
    },
  },
  {
    ...ec2,
    name: 'the client asks a node at a NodePort that no security group admits',
    causes: ['admission/nodeport'],
    target: '10.240.0.20:30080',
    address: '10.240.0.20:30080',
    make: (lab) =>
      lab.applied(service('ported', { type: 'NodePort', ports: [{ port: 80, targetPort: 80, nodePort: 30080 }] })),
  },
]
