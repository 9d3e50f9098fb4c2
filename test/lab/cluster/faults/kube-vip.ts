import type { Fault } from '../fault.ts'
import { forget, type Lab } from '../lab.ts'
import { nodes } from '../plan.ts'
import { until } from '../run.ts'
import { hiding, hidingEnds } from './hiding.ts'

// kube-vip with the control plane's VIP: a DaemonSet on the control-plane nodes, as its documentation has it ("Kube-Vip as a DaemonSet").

const address = '10.240.0.5'
const controllers = nodes.filter(({ role }) => role === 'controller').map(({ name }) => name)
const name = 'kube-vip'
const metadata = { name, namespace: 'kube-system' }
const target: Pick<Fault, 'target' | 'address'> = { target: `${address}:6443`, address: `${address}:6443` }

const rule = (apiGroups: string, resources: readonly string[], verbs: readonly string[]): object => ({
  ...{ apiGroups: [apiGroups], resources, verbs },
})
const sees = ['list', 'get', 'watch', 'update']

const settings = {
  ...{ vip_arp: 'true', port: '6443', vip_subnet: '32', address, cp_enable: 'true', cp_namespace: 'kube-system' },
  ...{ vip_leaderelection: 'true', vip_leasename: 'plndr-cp-lock' },
  ...{ vip_leaseduration: '5', vip_renewdeadline: '3', vip_retryperiod: '1', prometheus_server: ':2112' },
}

interface Wanted {
  readonly interface: string
  /** What it may do with leases. */
  readonly leases: readonly string[]
  readonly nodeSelector: Readonly<Record<string, string>>
}

function objects(wanted: Wanted): object {
  const env = Object.entries({ ...settings, vip_interface: wanted.interface }).map(([key, value]) => ({
    name: key,
    value,
  }))
  const nodeName = { name: 'vip_nodename', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }
  const image = 'ghcr.io/kube-vip/kube-vip:v1.2.2'
  return {
    ...{ apiVersion: 'v1', kind: 'List' },
    items: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      {
        ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name } },
        rules: [
          rule('', ['services', 'services/status', 'endpoints', 'nodes', 'pods'], [...sees, 'patch']),
          rule('coordination.k8s.io', ['leases'], wanted.leases),
          rule('discovery.k8s.io', ['endpointslices'], sees),
        ],
      },
      {
        ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name } },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ kind: 'ServiceAccount', ...metadata }],
      },
      {
        ...{ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata },
        spec: {
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: {
              ...{ serviceAccountName: name, hostNetwork: true, nodeSelector: wanted.nodeSelector },
              tolerations: [{ operator: 'Exists' }],
              containers: [{ name, image, args: ['manager'], env: [...env, nodeName] }],
            },
          },
        },
      },
    ],
  }
}

const usual: Wanted = {
  interface: 'eth0',
  leases: [...sees, 'create'],
  nodeSelector: { 'node-role.kubernetes.io/control-plane': '' },
}

/** Starts kube-vip, and waits until a node has the VIP. */
async function start(lab: Lab, change: Partial<Wanted> = {}): Promise<void> {
  await lab.applied(objects({ ...usual, ...change }))
  await until('no node has kube-vip’s VIP', async () => (await holders(lab)).length > 0)
}

async function holders(lab: Lab): Promise<readonly string[]> {
  const held = await Promise.all(
    controllers.map(async (each) => ({ each, text: await lab.on(each, `ip -br addr show to ${address}`) })),
  )
  return held.flatMap(({ each, text }) => (text.trim() === '' ? [] : [each]))
}

/** Leaves kube-vip no node to run on; the one that led keeps the VIP. */
async function end(lab: Lab): Promise<void> {
  const patch = { spec: { template: { spec: { nodeSelector: { lab: 'nowhere' } } } } }
  await lab.must(`kubectl -n kube-system patch daemonset ${name} -p '${JSON.stringify(patch)}'`)
  await lab.must('kubectl -n kube-system wait --for=delete pod -l app=kube-vip --timeout=30s')
}

const onControllers = (lab: Lab, line: string): Promise<unknown> =>
  Promise.all(controllers.map((each) => lab.on(each, line)))

const letGo = async (lab: Lab): Promise<void> => {
  await onControllers(lab, `ip addr del ${address}/32 dev eth0 2>/dev/null; true`)
  await forget(lab, 'bastion')
}

const undo = async (lab: Lab): Promise<void> => {
  await lab.kubectl(['delete', '--ignore-not-found', '-f', '-'], JSON.stringify(objects(usual)))
  await lab.must('kubectl -n kube-system wait --for=delete pod -l app=kube-vip --timeout=30s')
  await lab.must('kubectl -n kube-system delete --ignore-not-found lease plndr-cp-lock')
  await letGo(lab)
}

/** Has kube-vip put the VIP on a cable that ends on its own node. */
async function aside(lab: Lab): Promise<void> {
  await onControllers(
    lab,
    'ip link add vips type veth peer name vips-peer; ip link set vips-peer up; ip link set vips up',
  )
  await start(lab, { interface: 'vips' })
}

async function backFromAside(lab: Lab): Promise<void> {
  await undo(lab)
  await onControllers(lab, 'ip link del vips')
}

const assign = async (lab: Lab, node: string): Promise<void> => {
  await lab.must(
    `aws ec2 assign-private-ip-addresses --network-interface-id ${await lab.eni(node)} --private-ip-addresses ${address}`,
  )
}

export const kubeVipFaults: readonly Fault[] = [
  {
    ...{ ...target, fabrics: ['lan'], healthy: true, causes: [] },
    name: 'nothing, and the client asks for the control plane by kube-vip’s VIP',
    make: (lab) => start(lab),
    undo,
  },
  {
    ...{ ...target, fabrics: ['lan'], causes: [], also: ['control/kube-vip'] },
    name: 'kube-vip may run on no node, and the one that led keeps the VIP',
    make: async (lab) => {
      await start(lab)
      await end(lab)
    },
    undo,
  },
  {
    ...{ ...target, fabrics: ['lan'], causes: ['control/kube-vip'] },
    name: 'kube-vip may run on no node, and none has the VIP',
    make: async (lab) => {
      await start(lab)
      await end(lab)
      await letGo(lab)
    },
    undo,
  },
  {
    ...{ ...target, fabrics: ['lan'], causes: ['announcement/kube-vip-lease'] },
    name: 'kube-vip may not read or write leases',
    make: async (lab) => {
      await lab.applied(objects({ ...usual, leases: ['list'] }))
      await lab.must('kubectl -n kube-system rollout status daemonset kube-vip --timeout=30s')
    },
    undo,
  },
  {
    ...{ ...target, fabrics: ['lan'], causes: [], also: ['announcement/kube-vip-interface'] },
    name: 'kube-vip has the VIP on an interface that nobody asks at',
    make: aside,
    undo: backFromAside,
  },
  {
    ...{ ...target, fabrics: ['lan'], causes: ['announcement/kube-vip-interface'] },
    name: 'kube-vip has the VIP on an interface that nobody asks at, and the nodes answer ARP strictly',
    make: async (lab) => {
      await aside(lab)
      await onControllers(lab, 'sysctl -qw net.ipv4.conf.eth0.arp_ignore=1')
    },
    undo: async (lab) => {
      await onControllers(lab, 'sysctl -qw net.ipv4.conf.eth0.arp_ignore=0')
      await backFromAside(lab)
    },
  },
  {
    ...{ ...target, fabrics: ['lan'], causes: [], also: ['announcement/arp-dropped'] },
    name: 'the nodes of kube-vip hide its VIP from ARP, and kube-vip goes on announcing it',
    make: async (lab) => {
      await start(lab)
      await onControllers(lab, hiding(address))
      await forget(lab, 'bastion')
    },
    undo: async (lab) => {
      await onControllers(lab, hidingEnds)
      await undo(lab)
    },
  },
  {
    ...{ ...target, fabrics: ['lan'], causes: ['control/kube-vip'] },
    name: 'kube-vip is told an interface that no node has',
    make: async (lab) => {
      await lab.applied(objects({ ...usual, interface: 'ens5' }))
      await until('kube-vip does not end', async () => {
        const restarts = '{.items[*].status.containerStatuses[0].restartCount}'
        const counts = await lab.must(`kubectl -n kube-system get pods -l app=kube-vip -o jsonpath='${restarts}'`)
        return counts.split(' ').length === controllers.length && !counts.split(' ').includes('0')
      })
    },
    undo,
  },
  {
    ...{ ...target, fabrics: ['ec2'], causes: ['delivery/vip-not-owned'] },
    name: 'kube-vip announces its VIP, and nobody owns it',
    make: (lab) => start(lab),
    undo,
  },
  {
    ...{ ...target, fabrics: ['ec2'], causes: ['endpoint/vip-bound'] },
    name: 'kube-vip’s VIP belongs to the interface of a node that does not lead',
    make: async (lab) => {
      await start(lab, { nodeSelector: { 'kubernetes.io/hostname': 'controller-1' } })
      await assign(lab, 'controller-0')
    },
    undo,
  },
]
