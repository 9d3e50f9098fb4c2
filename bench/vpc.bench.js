// What the model of a VPC costs: 1,000 VIPs judged in a VPC of growing size, and in one whose parts grow one at a time.
// No peer: Reachability Analyzer is a service that is paid for each analysis.
import { checks } from '../dist/checks/index.js'
import { evidenceOf } from '../dist/evidence/evidence.js'
import { readManifest } from '../dist/evidence/manifest.js'
import { memoryStore } from '../dist/evidence/store.js'
import { lookUp } from '../dist/evidence/kinds.js'
import { isGap } from '../dist/evidence/gap.js'
import { parseAddress } from '../dist/net/address.js'
import { whySkipped } from '../dist/diagnosis/run-checks.js'
import { vpcDelivery } from '../dist/fabric/ec2/delivery.js'
import { median } from './measure.js'

/** Timed in this process: another revision is compared by its own benchmark. */
export const inside = true

const region = checks.filter(({ id }) => /^(delivery|admission)\//.test(id))

/** An account with so many interfaces, security groups of 60 rules, and subnets: always the same one. */
function account({ interfaces, groups, subnets, nodes = 100, vips = 1000 }) {
  const text = (value) => JSON.stringify(value)
  const subnetOf = (index) => `10.${String(64 + (index >> 6))}.${String((index & 63) * 4)}.0/22`
  const addressOf = (subnet, host) =>
    `10.${String(64 + (subnet >> 6))}.${String((subnet & 63) * 4 + (host >> 8))}.${String(host & 255)}`
  const listed = Array.from({ length: interfaces }, (_, at) => {
    const subnet = at % subnets
    const address = addressOf(subnet, 10 + Math.floor(at / subnets))
    // Each node's interface holds its share of the VIPs as secondary addresses.
    const own = at < nodes ? Array.from({ length: Math.ceil(vips / nodes) }, (_, n) => addressOf(subnet, 600 + n)) : []
    return {
      NetworkInterfaceId: `eni-${String(at)}`,
      VpcId: 'vpc-1',
      SubnetId: `subnet-${String(subnet)}`,
      OwnerId: '123456789012',
      MacAddress: `02:00:00:00:${(at >> 8).toString(16).padStart(2, '0')}:${(at & 255).toString(16).padStart(2, '0')}`,
      InterfaceType: 'interface',
      SourceDestCheck: false,
      Status: 'in-use',
      PrivateIpAddress: address,
      PrivateIpAddresses: [address, ...own].map((PrivateIpAddress, n) => ({ PrivateIpAddress, Primary: n === 0 })),
      Groups: Array.from({ length: 5 }, (_, n) => ({ GroupId: `sg-${String((at + n * 7) % groups)}` })),
      Attachment: { InstanceId: `i-${String(at)}`, DeviceIndex: 0, Status: 'attached' },
    }
  })
  const rules = Array.from({ length: groups * 60 }, (_, at) => {
    const group = Math.floor(at / 60)
    const place = at % 60
    const peer =
      place % 3 === 0
        ? { ReferencedGroupInfo: { GroupId: `sg-${String((group * 3 + place) % groups)}` } }
        : { CidrIpv4: place === 58 ? '10.0.0.0/8' : subnetOf((group + place) % subnets) }
    return {
      SecurityGroupRuleId: `sgr-${String(at)}`,
      GroupId: `sg-${String(group)}`,
      IsEgress: false,
      IpProtocol: 'tcp',
      FromPort: 80 - (place % 2),
      ToPort: 80 + (place % 5),
      ...peer,
    }
  })
  const services = listed.slice(0, nodes).flatMap(({ PrivateIpAddresses }) =>
    PrivateIpAddresses.slice(1).map(({ PrivateIpAddress: ip }) => ({
      kind: 'Service',
      metadata: { name: `s-${ip}`, namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }] },
      status: { loadBalancer: { ingress: [{ ip }] } },
    })),
  )
  const allow = (Egress) => ({ RuleNumber: 100, Egress, Protocol: '-1', RuleAction: 'allow', CidrBlock: '0.0.0.0/0' })
  const subnetIds = Array.from({ length: subnets }, (_, at) => `subnet-${String(at)}`)
  const files = {
    'bundle.json': { format: 'vipdoctor-bundle', version: 1 },
    'aws/describe-network-interfaces.json': { NetworkInterfaces: listed },
    'aws/describe-security-group-rules.json': { SecurityGroupRules: rules },
    'aws/describe-security-groups.json': {
      SecurityGroups: Array.from({ length: groups }, (_, at) => ({
        GroupId: `sg-${String(at)}`,
        GroupName: `g${String(at)}`,
      })),
    },
    'aws/describe-subnets.json': {
      Subnets: subnetIds.map((SubnetId, at) => ({
        SubnetId,
        VpcId: 'vpc-1',
        CidrBlock: subnetOf(at),
        AvailabilityZone: 'a',
      })),
    },
    'aws/describe-vpcs.json': { Vpcs: [{ VpcId: 'vpc-1', CidrBlock: '10.64.0.0/10' }] },
    'aws/describe-instances.json': {
      Reservations: listed.map(({ Attachment }) => ({
        Instances: [{ InstanceId: Attachment.InstanceId, VpcId: 'vpc-1', State: { Name: 'running' } }],
      })),
    },
    'aws/describe-route-tables.json': {
      RouteTables: [
        {
          RouteTableId: 'rtb-1',
          VpcId: 'vpc-1',
          Associations: [{ Main: true }],
          Routes: [{ DestinationCidrBlock: '10.64.0.0/10', GatewayId: 'local', State: 'active' }],
        },
      ],
    },
    'aws/describe-network-acls.json': {
      NetworkAcls: [
        {
          NetworkAclId: 'acl-1',
          VpcId: 'vpc-1',
          Associations: subnetIds.map((SubnetId) => ({ SubnetId })),
          Entries: [allow(true), allow(false)],
        },
      ],
    },
    'aws/describe-addresses.json': { Addresses: [] },
    'kubernetes/nodes.json': {
      items: listed.slice(0, nodes).map(({ PrivateIpAddress: address }, at) => ({
        kind: 'Node',
        metadata: { name: `node-${String(at)}` },
        status: { addresses: [{ type: 'InternalIP', address }] },
      })),
    },
    'kubernetes/services.json': { items: services },
    'kubernetes/ipaddresspools.metallb.io.json': { items: [] },
  }
  return memoryStore(new Map(Object.entries(files).map(([path, value]) => [path, Buffer.from(text(value))])))
}

/** Parses all that the checks read, so that only judging is timed. */
function parsed(store) {
  const evidence = evidenceOf(store, readManifest(store, 'bench'))
  for (const kind of new Set(region.flatMap(({ needs, alsoReads = [] }) => [...needs, ...alsoReads])))
    if (!kind.startsWith('node/')) lookUp(evidence, kind, null)
  return evidence
}

/** One question for each VIP, through every check of delivery and admission. */
function judge(evidence) {
  let findings = 0
  for (const service of evidence.kubernetes.services) {
    const vip = parseAddress(service.status.loadBalancer.ingress[0].ip)
    const servicePort = service.spec.ports[0]
    const question = {
      about: 'service',
      vip,
      port: { protocol: 'tcp', port: 80 },
      service,
      servicePort,
      client: { kind: 'vpc' },
      fabric: 'ec2',
      vpcId: null,
    }
    const delivery = vpcDelivery(evidence, question)
    if (isGap(delivery) || delivery.by !== 'owner' || delivery.node === null)
      throw new Error(`${vip.text} has no owner`)
    const context = { evidence, question, receiving: { by: 'owner', nodes: [delivery.node] }, node: delivery.node }
    for (const check of region) {
      if (whySkipped(check, context) !== null) continue
      findings += check.run(context).length
    }
  }
  return findings
}

const size = ({ interfaces, groups, subnets, vips = 1000 }) =>
  `${String(vips)} VIPs, ${String(interfaces)} interfaces, ${String(groups)} groups of 60 rules, ${String(subnets)} subnets`

export function* run() {
  const whole = { interfaces: 5000, groups: 500, subnets: 200 }
  const cases = [
    ['whole VPC', whole],
    ['half of everything', { interfaces: 2500, groups: 250, subnets: 100 }],
    ['a tenth of everything', { interfaces: 500, groups: 50, subnets: 20 }],
    ['twice the interfaces', { ...whole, interfaces: 10_000 }],
    ['a tenth of the VIPs', { ...whole, vips: 100 }],
  ]
  for (const [name, parts] of cases) {
    const store = account(parts)
    const seconds = median(
      Array.from({ length: 5 }, () => {
        // Fresh evidence each time: the indexes that the model builds are part of the work.
        const evidence = parsed(store)
        const start = process.hrtime.bigint()
        if (judge(evidence) === 0) throw new Error('nothing was judged')
        return Number(process.hrtime.bigint() - start) / 1e9
      }),
    )
    yield { case: name, seconds, size: size(parts) }
  }
}
