import type { Fault } from '../fault.ts'
import type { Lab } from '../lab.ts'

// Faults made in the cluster's objects. The lab's `restore` takes each of them back; what a fault adds carries the label lab=extra.

const extra = { lab: 'extra' }
const both: Pick<Fault, 'fabrics'> = { fabrics: ['ec2', 'lan'] }
const lan: Pick<Fault, 'fabrics'> = { fabrics: ['lan'] }
const metallb = '-n metallb-system'

const patchService = (lab: Lab, spec: object): Promise<string> =>
  lab.must(`kubectl patch service nginx-lb -p '${JSON.stringify({ spec })}'`)

/** A second Service before the same pods. */
export const service = (name: string, spec: object, annotations: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', labels: extra, annotations },
  spec: { type: 'LoadBalancer', selector: { app: 'nginx' }, ports: [{ port: 80, targetPort: 80 }], ...spec },
})

export const setPool = (lab: Lab, addresses: readonly string[]): Promise<string> =>
  lab.must(
    `kubectl ${metallb} patch ipaddresspool first-pool --type merge -p '${JSON.stringify({ spec: { addresses } })}'`,
  )

const advertisement = (lab: Lab, spec: object): Promise<string> =>
  lab.must(`kubectl ${metallb} patch l2advertisement first --type merge -p '${JSON.stringify({ spec })}'`)

/** Scales and waits until the pods are gone. */
const scale = async (lab: Lab, namespace: string, deployment: string, replicas: number): Promise<void> => {
  await lab.must(`kubectl -n ${namespace} scale deployment ${deployment} --replicas=${String(replicas)}`)
  await lab.must(`kubectl -n ${namespace} rollout status deployment ${deployment} --timeout=60s`)
}

export const kubernetesFaults: readonly Fault[] = [
  {
    ...both,
    name: 'the Service selects a label that no pod has',
    causes: ['endpoint/ready'],
    smoke: true,
    make: (lab) => patchService(lab, { selector: { app: 'nginx-typo' } }),
  },
  {
    ...both,
    name: 'the Deployment has no replicas',
    causes: ['endpoint/ready'],
    also: ['translation/no-endpoints-reject'],
    make: (lab) => scale(lab, 'default', 'nginx', 0),
  },
  {
    ...both,
    name: 'the pods’ image cannot be pulled',
    causes: ['endpoint/ready'],
    make: async (lab) => {
      await scale(lab, 'default', 'nginx', 0)
      await lab.must('kubectl set image deployment/nginx nginx=ngimx:1.29')
      await lab.must('kubectl scale deployment nginx --replicas=2')
    },
  },
  {
    ...both,
    name: 'the readiness probe asks a port where nobody listens',
    causes: ['endpoint/ready'],
    make: async (lab) => {
      const probe = [
        { op: 'replace', path: '/spec/template/spec/containers/0/readinessProbe/httpGet/port', value: 8080 },
      ]
      await scale(lab, 'default', 'nginx', 0)
      await lab.must(`kubectl patch deployment nginx --type json -p '${JSON.stringify(probe)}'`)
      await lab.must('kubectl scale deployment nginx --replicas=2')
    },
  },
  {
    ...both,
    name: 'the target port is one where the pods do not listen',
    causes: ['endpoint/pod-not-listening'],
    rules: true,
    make: (lab) => patchService(lab, { ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
  },
  {
    ...both,
    name: 'the target port has a name that the pods do not know',
    causes: ['endpoint/pod-not-listening'],
    make: (lab) => patchService(lab, { ports: [{ name: 'http', port: 80, targetPort: 'web' }] }),
  },
  {
    ...both,
    name: 'the source ranges do not hold the client',
    causes: ['translation/source-ranges'],
    smoke: true,
    make: (lab) => patchService(lab, { loadBalancerSourceRanges: ['10.9.0.0/16'] }),
  },
  {
    ...both,
    name: 'a NetworkPolicy denies everything, and nobody enforces it',
    causes: [],
    also: ['endpoint/network-policy'],
    make: (lab) =>
      lab.applied({
        ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
        metadata: { name: 'deny', namespace: 'default', labels: extra },
        spec: { podSelector: {}, policyTypes: ['Ingress'] },
      }),
  },
  {
    ...both,
    name: 'MetalLB has no pool',
    causes: ['assignment/no-pool'],
    make: async (lab) => {
      await lab.must(`kubectl ${metallb} delete l2advertisement first`)
      await lab.must(`kubectl ${metallb} delete ipaddresspool first-pool`)
    },
  },
  {
    ...both,
    name: 'the Service asks for an address outside the pools',
    causes: ['assignment/request-refused'],
    make: (lab) => lab.must('kubectl annotate --overwrite service nginx-lb metallb.io/loadBalancerIPs=10.240.0.200'),
  },
  {
    ...both,
    name: 'the pool holds one address, and another Service has it',
    causes: ['assignment/pool-exhausted'],
    target: 'default/second',
    make: async (lab) => {
      await setPool(lab, ['10.240.0.100/32'])
      await lab.applied(service('second', {}))
    },
  },
  {
    ...both,
    name: 'the Service has a class that MetalLB does not handle',
    causes: ['assignment/class-mismatch'],
    also: ['assignment/vip-assigned'],
    target: 'default/classy',
    make: (lab) => lab.applied(service('classy', { loadBalancerClass: 'example.com/other' })),
  },
  {
    ...both,
    name: 'MetalLB’s controller has no replicas, and a Service is new',
    causes: ['control/controller'],
    also: ['control/webhook'],
    target: 'default/late',
    make: async (lab) => {
      await scale(lab, 'metallb-system', 'controller', 0)
      await lab.must(`kubectl ${metallb} wait --for=delete pod -l component=controller --timeout=50s`)
      await lab.applied(service('late', {}))
    },
    undo: (lab) => scale(lab, 'metallb-system', 'controller', 1),
  },
  {
    ...lan,
    name: 'no L2Advertisement takes the pool',
    causes: ['announcement/l2-advertisement'],
    smoke: true,
    make: (lab) => lab.must(`kubectl ${metallb} delete l2advertisement first`),
  },
  {
    fabrics: ['ec2'],
    name: 'no L2Advertisement takes the pool, on a network that delivers by ownership',
    causes: [],
    also: ['announcement/l2-advertisement'],
    make: (lab) => lab.must(`kubectl ${metallb} delete l2advertisement first`),
  },
  {
    ...lan,
    name: 'the L2Advertisement names another pool',
    causes: ['announcement/l2-advertisement'],
    wire: ['wire/unanswered-requests'],
    make: (lab) => advertisement(lab, { ipAddressPools: ['second-pool'] }),
  },
  {
    ...lan,
    name: 'the L2Advertisement’s nodeSelector fits no node',
    causes: ['announcement/l2-advertisement'],
    make: (lab) => advertisement(lab, { nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'worker-9' } }] }),
  },
  {
    ...lan,
    name: 'the L2Advertisement names an interface that no node has, and the speakers go on as before',
    causes: [],
    also: ['delivery/interface-off-subnet'],
    make: (lab) => advertisement(lab, { interfaces: ['ens5'] }),
  },
  {
    ...lan,
    name: 'the L2Advertisement names an interface that no node has, and the speakers are new',
    causes: ['delivery/interface-off-subnet'],
    also: ['announcement/announcer-differs'],
    make: async (lab) => {
      await advertisement(lab, { interfaces: ['ens5'] })
      await lab.must(`kubectl ${metallb} rollout restart daemonset speaker`)
      await lab.must(`kubectl ${metallb} rollout status daemonset speaker --timeout=90s`)
    },
  },
  {
    ...lan,
    name: 'the VIP lies in a subnet that no node is in',
    causes: ['delivery/vip-aligned-with-subnet'],
    target: 'default/elsewhere',
    address: '192.168.9.100',
    make: async (lab) => {
      await setPool(lab, ['10.240.0.100-10.240.0.110', '192.168.9.100/32'])
      await lab.applied(service('elsewhere', {}, { 'metallb.io/loadBalancerIPs': '192.168.9.100' }))
    },
  },
  {
    ...lan,
    name: 'externalTrafficPolicy Local: the announcer moves to a node with a pod',
    causes: [],
    rules: true,
    make: (lab) => patchService(lab, { externalTrafficPolicy: 'Local' }),
  },
  {
    fabrics: ['ec2'],
    name: 'the VIP lies outside the VPC, and no route names it',
    causes: ['delivery/overlay-no-route'],
    target: 'default/overlay',
    address: '172.20.0.100',
    make: async (lab) => {
      await setPool(lab, ['10.240.0.100-10.240.0.110', '172.20.0.100/32'])
      await lab.applied(service('overlay', {}, { 'metallb.io/loadBalancerIPs': '172.20.0.100' }))
    },
  },
  {
    fabrics: ['ec2'],
    name: 'the VIP lies outside the VPC, and its route leads to an interface that checks destinations',
    causes: ['delivery/source-dest-check'],
    target: 'default/overlay',
    address: '172.20.0.100',
    make: async (lab) => {
      await setPool(lab, ['10.240.0.100-10.240.0.110', '172.20.0.100/32'])
      await lab.applied(service('overlay', {}, { 'metallb.io/loadBalancerIPs': '172.20.0.100' }))
      const eni = await lab.eni('controller-1')
      const table = await lab.routeTable()
      await lab.must(
        `aws ec2 create-route --route-table-id ${table} --destination-cidr-block 172.20.0.100/32 --network-interface-id ${eni}`,
      )
      await lab.must(`aws ec2 modify-network-interface-attribute --network-interface-id ${eni} --source-dest-check`)
    },
  },
  {
    fabrics: ['ec2'],
    name: 'the VIP lies outside the VPC, and its route leads to a host that is no node',
    causes: ['delivery/route-blackhole'],
    target: 'default/overlay',
    address: '172.20.0.100',
    make: async (lab) => {
      await setPool(lab, ['10.240.0.100-10.240.0.110', '172.20.0.100/32'])
      await lab.applied(service('overlay', {}, { 'metallb.io/loadBalancerIPs': '172.20.0.100' }))
      const eni = await lab.eni('far')
      await lab.must(
        `aws ec2 create-route --route-table-id ${await lab.routeTable()} --destination-cidr-block 172.20.0.100/32 --network-interface-id ${eni}`,
      )
    },
  },
  {
    fabrics: ['ec2'],
    name: 'the VIP is an address that EC2 keeps',
    causes: ['delivery/reserved-address'],
    target: 'default/kept',
    address: '10.240.0.2',
    make: async (lab) => {
      await setPool(lab, ['10.240.0.100-10.240.0.110', '10.240.0.2/32'])
      await lab.applied(service('kept', {}, { 'metallb.io/loadBalancerIPs': '10.240.0.2' }))
    },
  },
  {
    fabrics: ['ec2'],
    name: 'the VIP lies in the VPC but in no subnet',
    causes: ['delivery/no-subnet'],
    target: 'default/nowhere',
    address: '10.240.9.100',
    make: async (lab) => {
      await setPool(lab, ['10.240.0.100-10.240.0.110', '10.240.9.100/32'])
      await lab.applied(service('nowhere', {}, { 'metallb.io/loadBalancerIPs': '10.240.9.100' }))
    },
  },
]
