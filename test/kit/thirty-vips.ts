import type { Evidence } from '../../src/evidence/evidence.ts'
import { editJson, fixture, variant, type Json } from './fixtures.ts'

/** How many Services there are, and how many of their VIPs nobody owns: the first ones. */
const many = 30
const broken = 2

const numbers = Array.from({ length: many }, (_, index) => index + 1)
const nameOf = (number: number): string => `web-${String(number).padStart(2, '0')}`
const vipOf = (number: number): string => `10.240.0.${String(100 + number)}`
const clusterIpOf = (number: number): string => `10.32.1.${String(number)}`
const nodePortOf = (number: number): number => 30100 + number
/** What kube-proxy makes of a Service's name in the names of its chains, as long and of the same letters. */
const hashOf = (number: number): string =>
  String(number).padStart(16, 'WEB').replaceAll('0', 'O').replaceAll('1', 'I').replaceAll('8', 'B').replaceAll('9', 'N')

const isNginx = ({ metadata }: Json): boolean =>
  metadata.name === 'nginx-lb' || metadata.labels?.['kubernetes.io/service-name'] === 'nginx-lb'

/** Puts thirty copies in the place of what a list has of Service nginx-lb. */
const multiplied = (change: (copy: Json, number: number) => void) =>
  editJson((list: Json) => {
    list.items = list.items.flatMap((item: Json) =>
      isNginx(item)
        ? numbers.map((number) => {
            const copy = structuredClone(item)
            change(copy, number)
            return copy
          })
        : [item],
    )
  })

/** The rules of Service nginx-lb, thirty times: each with its chains, its addresses and its nodePort. */
function rules(text: string): string {
  const hash = /KUBE-EXT-([A-Z2-7]{16})/.exec(text)?.[1] ?? ''
  const seps = [
    ...new Set(
      [...text.matchAll(/--comment "default\/nginx-lb -> [^"]+" .*-j KUBE-SEP-([A-Z2-7]{16})/g)].map(
        ([, sep = '']) => sep,
      ),
    ),
  ]
  const isOwn = (line: string): boolean =>
    line.includes('default/nginx-lb') || [hash, ...seps].some((one) => line.includes(one))
  return text
    .split('\n')
    .flatMap((line) => (isOwn(line) ? numbers.map((number) => copied(line, number, [hash, ...seps])) : [line]))
    .join('\n')
}

const copied = (line: string, number: number, hashes: readonly string[]): string =>
  hashes
    .reduce((text, hash, at) => text.replaceAll(hash, `${'ABC'.charAt(at)}${hashOf(number).slice(1)}`), line)
    .replaceAll('default/nginx-lb', `default/${nameOf(number)}`)
    .replaceAll('10.240.0.100/32', `${vipOf(number)}/32`)
    .replaceAll(/-d 10\.32\.\d+\.\d+\/32/g, `-d ${clusterIpOf(number)}/32`)
    .replaceAll('--dport 30080', `--dport ${String(nodePortOf(number))}`)

/** The healthy recording with its Service thirty times, each with an address of its own; the account gave all but two of them to the node. */
export async function thirtyVips(): Promise<Evidence> {
  const { nodeNames } = await fixture('hard-way-healthy')
  return variant('hard-way-healthy', {
    'kubernetes/services.json': multiplied((copy, number) => {
      copy.metadata.name = nameOf(number)
      copy.spec.clusterIP = clusterIpOf(number)
      copy.spec.clusterIPs = [clusterIpOf(number)]
      copy.spec.ports[0].nodePort = nodePortOf(number)
      copy.status.loadBalancer.ingress = [{ ip: vipOf(number), ipMode: 'VIP' }]
    }),
    'kubernetes/endpointslices.discovery.k8s.io.json': multiplied((copy, number) => {
      copy.metadata.name = `${nameOf(number)}-slice`
      copy.metadata.labels['kubernetes.io/service-name'] = nameOf(number)
    }),
    'kubernetes/ipaddresspools.metallb.io.json': editJson(({ items: [pool] }) => {
      pool.spec.addresses = ['10.240.0.100-10.240.0.140']
    }),
    'aws/describe-network-interfaces.json': editJson(({ NetworkInterfaces: all }) => {
      const holder = all.find(({ PrivateIpAddresses: held }: Json) =>
        held.some((one: Json) => one.PrivateIpAddress === '10.240.0.100'),
      )
      holder.PrivateIpAddresses.push(
        ...numbers.slice(broken).map((number) => ({ Primary: false, PrivateIpAddress: vipOf(number) })),
      )
    }),
    ...Object.fromEntries(nodeNames.map((node) => [`nodes/${node}/iptables-nft-save.txt`, rules])),
  })
}
