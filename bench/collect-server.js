// An API server and an EC2 API that list a generated cluster, page by page. Started by collect.bench.js and
// node-pods.bench.js; prints where they listen, and at the end of its input what it was asked.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { simulatedPods } from './collect-pods.js'

const size = JSON.parse(process.argv[2])
const address = (first, n) => `${first}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
const managedFields = [
  {
    manager: 'kubelet',
    operation: 'Update',
    fieldsType: 'FieldsV1',
    fieldsV1: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f:field-${n}`, {}])),
  },
]
const metadata = (name, namespace, more = {}) => ({
  name,
  namespace,
  uid: `00000000-0000-4000-8000-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-11-21T06:35:04Z',
  managedFields,
  ...more,
})

const make = {
  nodes: (n) => ({
    metadata: metadata(`node-${n}`),
    spec: { podCIDR: `${address(10, n << 8)}/24`, providerID: `aws:///us-east-1a/i-${n}` },
    status: {
      addresses: [{ type: 'InternalIP', address: address(10, (200 << 16) + n) }],
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { systemUUID: 'ec2-0' },
    },
  }),
  services: (n) => ({
    metadata: metadata(`service-${n}`, 'default'),
    spec: {
      type: n < 10 ? 'LoadBalancer' : 'ClusterIP',
      clusterIP: address(10, (100 << 16) + n),
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80, nodePort: 30000 + (n % 2000) }],
      selector: { app: `app-${n}` },
    },
    status: { loadBalancer: n < 10 ? { ingress: [{ ip: address(10, (201 << 16) + n), ipMode: 'VIP' }] } : {} },
  }),
  endpointslices: (n) => ({
    metadata: metadata(`service-${n}-abcde`, 'default', { labels: { 'kubernetes.io/service-name': `service-${n}` } }),
    addressType: 'IPv4',
    endpoints: Array.from({ length: Math.max(1, Math.round(size.endpoints / size.services)) }, (_, e) => ({
      addresses: [address(10, (n % 60000) * 8 + e)],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `node-${(n * 7 + e) % size.nodes}`,
    })),
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
  }),
  pods: (n) => ({
    metadata: metadata(`pod-${n}`, 'default', { labels: { app: `app-${n % size.services}` } }),
    spec: {
      nodeName: `node-${n % size.nodes}`,
      containers: [
        { name: 'main', image: 'nginx:1.27', env: [{ name: 'SECRET', value: 'x' }], ports: [{ containerPort: 80 }] },
      ],
    },
    status: {
      phase: 'Running',
      podIP: address(10, n),
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'main', ready: true, restartCount: 0, image: 'nginx:1.27' }],
    },
  }),
}
const counts = { nodes: size.nodes, services: size.services, endpointslices: size.services, pods: size.endpoints }

function list(url) {
  if (url.pathname === '/apis') return { kind: 'APIGroupDiscoveryList', items: [] }
  if (url.pathname === '/version') return { major: '1', minor: '34', gitVersion: 'v1.34.4' }
  const plural = url.pathname.split('/').at(-1)
  const total = counts[plural] ?? 0
  const from = Number(url.searchParams.get('continue') ?? 0)
  const to = Math.min(total, from + Number(url.searchParams.get('limit') ?? total))
  const items = Array.from({ length: to - from }, (_, n) => make[plural](from + n))
  return { kind: 'List', items, metadata: { resourceVersion: '1', ...(to < total ? { continue: String(to) } : {}) } }
}

const nodeScript = () =>
  execFileSync(process.execPath, [new URL('../bin/run.js', import.meta.url).pathname, 'collect', '--print-node-script'])

const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-bench-server-'))
execFileSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    `${folder}/key`,
    '-out',
    `${folder}/crt`,
    '-subj',
    '/CN=bench',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  ],
  { stdio: 'pipe' },
)
/** What the API server was asked, and what it answered. */
const told = { requests: 0, bytes: 0 }
const api = https.createServer(
  { key: readFileSync(`${folder}/key`), cert: readFileSync(`${folder}/crt`) },
  (request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      const url = new URL(request.url, 'https://x')
      const [status, object] = pods?.answer(request.method, url, body) ?? [200, list(url)]
      const text = JSON.stringify(object)
      // As kube-apiserver packs, for whoever takes it (DefaultBuildHandlerChain: gzip level 1 from 128 KiB on).
      const packs = text.length > 128 * 1024 && (request.headers['accept-encoding'] ?? '').includes('gzip')
      const sent = packs ? gzipSync(text, { level: 1 }) : Buffer.from(text)
      told.requests += 1
      told.bytes += sent.length
      response
        .writeHead(status, {
          'content-type': 'application/json',
          ...(packs ? { 'content-encoding': 'gzip' } : {}),
        })
        .end(sent)
    })
  },
)
const output = size.pods === true ? execFileSync('sh', { input: nodeScript(), maxBuffer: 1 << 28 }) : Buffer.alloc(0)
const pods = size.pods === true ? simulatedPods(api, output) : null

const eni = (n) =>
  `<item><networkInterfaceId>eni-${n}</networkInterfaceId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><macAddress>02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}</macAddress><status>in-use</status><sourceDestCheck>false</sourceDestCheck><groupSet><item><groupId>sg-1</groupId><groupName>nodes</groupName></item></groupSet><attachment><instanceId>i-${n}</instanceId><deviceIndex>0</deviceIndex><status>attached</status></attachment><privateIpAddressesSet><item><privateIpAddress>${address(10, (200 << 16) + n)}</privateIpAddress><primary>true</primary></item></privateIpAddressesSet></item>`
const answers = {
  DescribeNetworkInterfaces: ['networkInterfaceSet', size.interfaces, eni],
  DescribeVpcs: ['vpcSet', 1, () => '<item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/8</cidrBlock></item>'],
  DescribeSubnets: [
    'subnetSet',
    1,
    () => '<item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><cidrBlock>10.200.0.0/16</cidrBlock></item>',
  ],
  DescribeSecurityGroups: ['securityGroupInfo', 1, () => '<item><groupId>sg-1</groupId><vpcId>vpc-1</vpcId></item>'],
  DescribeAddresses: ['addressesSet', 0],
  DescribeInstances: ['reservationSet', 0],
  DescribeManagedPrefixLists: ['prefixListSet', 0],
  DescribeNetworkAcls: ['networkAclSet', 0],
  DescribeRouteTables: ['routeTableSet', 0],
  DescribeSecurityGroupRules: ['securityGroupRuleSet', 0],
  GetSubnetCidrReservations: [['subnetIpv4CidrReservationSet', 'subnetIpv6CidrReservationSet'], 0],
}
const ec2 = http.createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    const asked = new URLSearchParams(body)
    const action = asked.get('Action')
    if (action === 'GetCallerIdentity') {
      response.end(
        '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
      )
      return
    }
    const [sets, total, item] = answers[action] ?? ['noSet', 0]
    const from = Number(asked.get('NextToken') ?? 0)
    const to = Math.min(total, from + Number(asked.get('MaxResults') ?? total))
    const items = Array.from({ length: to - from }, (_, n) => item(from + n)).join('')
    const listed = [sets].flat().map((set) => `<${set}>${items}</${set}>`)
    response.end(
      `<${action}Response>${listed.join('')}${to < total ? `<nextToken>${to}</nextToken>` : ''}</${action}Response>`,
    )
  })
})
const listening = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
const [apiPort, ec2Port] = [await listening(api), await listening(ec2)]
const kubeconfig = `${folder}/kubeconfig`
writeFileSync(
  kubeconfig,
  JSON.stringify({
    'current-context': 'bench',
    clusters: [
      { name: 'bench', cluster: { server: `https://127.0.0.1:${apiPort}`, 'certificate-authority': `${folder}/crt` } },
    ],
    users: [{ name: 'bench', user: { token: 'x' } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  }),
)
console.log(JSON.stringify({ kubeconfig, ec2: `http://127.0.0.1:${ec2Port}`, output: output.length }))
process.stdin.resume().on('end', () => {
  console.log(JSON.stringify({ ...pods?.counted, told }))
  process.exit()
})
