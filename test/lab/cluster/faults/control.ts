import type { Fault } from '../fault.ts'
import type { Lab } from '../lab.ts'
import { nodes } from '../plan.ts'

// What announces and what the cluster's programs say to each other, gone wrong.

const both: Pick<Fault, 'fabrics'> = { fabrics: ['ec2', 'lan'] }
const lan: Pick<Fault, 'fabrics'> = { fabrics: ['lan'] }
const every = nodes.map(({ name }) => name)
const metallb = '-n metallb-system'

const closed = (match: string): Pick<Fault, 'make' | 'undo'> => ({
  make: (lab) => onEach(lab, `iptables-nft -I INPUT ${match} -j DROP`),
  undo: (lab) => onEach(lab, `iptables-nft -D INPUT ${match} -j DROP 2>/dev/null; true`),
})
const onEach = async (lab: Lab, line: string): Promise<void> => {
  await Promise.all(every.map((name) => lab.on(name, line)))
}

const nowhere = { spec: { template: { spec: { nodeSelector: { lab: 'nowhere' } } } } }
const selector = (lab: Lab, patch: object): Promise<string> =>
  lab.must(`kubectl ${metallb} patch daemonset speaker -p '${JSON.stringify(patch)}'`)

export const controlFaults: readonly Fault[] = [
  {
    ...lan,
    name: 'MetalLB’s speakers may run on no node',
    causes: ['control/speaker'],
    make: (lab) => selector(lab, nowhere),
    undo: (lab) => selector(lab, { spec: { template: { spec: { nodeSelector: { lab: null } } } } }),
  },
  {
    fabrics: ['ec2'],
    name: 'MetalLB’s speakers may run on no node, on a network that delivers by ownership',
    causes: [],
    also: ['control/speaker'],
    make: (lab) => selector(lab, nowhere),
    undo: (lab) => selector(lab, { spec: { template: { spec: { nodeSelector: { lab: null } } } } }),
  },
  {
    ...lan,
    name: 'every node is kept from external load balancers',
    causes: ['announcement/no-eligible-node'],
    make: (lab) => lab.must('kubectl label nodes --all node.kubernetes.io/exclude-from-external-load-balancers=true'),
    undo: (lab) => lab.must('kubectl label nodes --all node.kubernetes.io/exclude-from-external-load-balancers-'),
  },
  {
    ...both,
    name: 'the nodes’ firewalls keep MetalLB’s speakers from each other',
    causes: [],
    also: ['control/memberlist-ports'],
    make: async (lab) => {
      for (const protocol of ['tcp', 'udp']) await closed(`-p ${protocol} --dport 7946`).make(lab)
    },
    undo: async (lab) => {
      for (const protocol of ['tcp', 'udp']) await closed(`-p ${protocol} --dport 7946`).undo?.(lab)
    },
  },
  {
    ...both,
    name: 'the nodes’ firewalls keep the API servers from the kubelets',
    causes: [],
    also: ['control/kubelet-port'],
    ...closed('-p tcp --dport 10250'),
  },
  {
    ...both,
    name: 'the nodes’ firewalls keep the API servers from MetalLB’s webhook',
    causes: [],
    also: ['control/webhook-port'],
    flags: '--nodes-for all',
    make: (lab) => onEach(lab, 'iptables-nft -I FORWARD -p tcp --dport 9443 -j DROP'),
    undo: (lab) => onEach(lab, 'iptables-nft -D FORWARD -p tcp --dport 9443 -j DROP 2>/dev/null; true'),
  },
  {
    ...both,
    name: 'the pool reaches over the hosts’ addresses into the next subnet',
    causes: [],
    also: ['delivery/pool-collides', 'delivery/pool-spans-subnets'],
    fabrics: ['ec2'],
    make: (lab) =>
      lab.must(
        `kubectl ${metallb} patch ipaddresspool first-pool --type merge -p '{"spec":{"addresses":["10.240.0.10-10.240.1.110"]}}'`,
      ),
  },
]
