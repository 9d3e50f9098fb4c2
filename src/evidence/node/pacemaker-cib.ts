import { parseAddress, type Address } from '../../net/address.ts'
import { gap, isGap, type Known } from '../gap.ts'
import { parseXml, type XmlElement } from '../xml.ts'

/** An address that Pacemaker puts on an interface of one of its nodes; `device` and `netmask` are null where the agent finds them itself. */
interface CibAddress {
  readonly resource: string
  readonly address: Address
  readonly device: string | null
  readonly netmask: string | null
  readonly line: number
  /** What stands in that line, and nothing else of it. */
  readonly tag: string
}

/** What is read of Pacemaker's CIB: its nodes by the names that they call themselves, and the addresses that it is to hold. */
export interface PacemakerCib {
  readonly file: string
  readonly members: readonly string[]
  readonly addresses: readonly CibAddress[]
}

/** An element, and around it what hands down to it the settings that it does not have itself, the nearest first. */
type Settings = readonly XmlElement[]

/**
 * The CIB as `cibadmin --query` prints it and Pacemaker keeps it in /var/lib/pacemaker/cib/cib.xml: the parameters `ip`, `nic` and
 * `cidr_netmask` of each primitive of ocf:heartbeat:IPaddr2 or IPaddr, by itself, in a group or in a clone, unless its target-role is
 * Stopped. What a primitive does not set its template, group and clone do. An address that cannot be read is a gap, never none.
 * (ClusterLabs/pacemaker xml/resources-3.9.rng, xml/nvset-3.0.rng; Pacemaker Explained, "Cluster Resources", "Collective Resources",
 * "Reusing Parts of the Configuration"; ocf_heartbeat_IPaddr2(7).)
 */
export function parsePacemakerCib(file: string, text: string): Known<PacemakerCib> {
  const root = parseXml(file, text)
  if (isGap(root)) return root
  const configuration = root.name === 'cib' ? childOf(root, 'configuration') : undefined
  const resources = childOf(configuration, 'resources')
  const nodes = childOf(configuration, 'nodes')
  if (resources === undefined || nodes === undefined)
    return gap(file, 'not what its name says: no cib with a configuration of nodes and resources')
  const odd = ({ line }: XmlElement, what: string) => gap(file, `line ${String(line)}: ${what}`)
  const members: string[] = []
  for (const node of nodes.children) {
    const name = node.attributes.get('uname') ?? ''
    if (!/^\w[\w.-]*$/.test(name)) return odd(node, 'a node without the name of a host')
    members.push(name)
  }
  const byId = idsOf(resources)
  const addresses: CibAddress[] = []
  for (const [primitive, ...around] of primitivesIn(resources, [childOf(configuration, 'rsc_defaults') ?? []].flat())) {
    if (primitive === undefined) continue
    const named = primitive.attributes.get('template')
    const template = named === undefined ? undefined : byId.get(named)
    if (named !== undefined && template === undefined) return odd(primitive, 'a primitive whose template is not there')
    const settings = [primitive, template ?? [], around].flat()
    const [kind, type] = ['class', 'type'].map((key) => (template ?? primitive).attributes.get(key))
    if (kind !== 'ocf' || (type !== 'IPaddr2' && type !== 'IPaddr') || isStopped(settings, byId)) continue
    const set = (name: string) => valuesOf(settings, 'instance_attributes', name, byId)
    const found = set('ip')
    if (found.length === 0) return odd(primitive, `a primitive of ${type} without an ip`)
    for (const pair of found) {
      const address = parseAddress(pair.attributes.get('value'))
      if (address === null) return odd(pair, `the ip of a primitive of ${type} is no address`)
      addresses.push({
        resource: nameOf(primitive.attributes.get('id')) ?? '***',
        address,
        device: nameOf(set('nic')[0]?.attributes.get('value')),
        netmask: nameOf(set('cidr_netmask')[0]?.attributes.get('value')),
        line: pair.line,
        tag: pair.tag.split('\n')[0] ?? '',
      })
    }
  }
  return { file, members, addresses }
}

const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((child) => child.name === name)

const nameOf = (text: string | undefined): string | null =>
  text !== undefined && /^[\w.:@-]+$/.test(text) ? text : null

/** Every primitive that runs on nodes themselves (what stands in a bundle runs in its containers), with what stands around it. */
const primitivesIn = (inside: XmlElement, around: Settings): readonly Settings[] =>
  inside.children.flatMap((child) => {
    if (child.name === 'primitive') return [[child, ...around]]
    return ['group', 'clone', 'master'].includes(child.name) ? primitivesIn(child, [child, ...around]) : []
  })

function idsOf(element: XmlElement, byId = new Map<string, XmlElement>()): ReadonlyMap<string, XmlElement> {
  const id = element.attributes.get('id')
  if (id !== undefined && !byId.has(id)) byId.set(id, element)
  for (const child of element.children) idsOf(child, byId)
  return byId
}

/** The pairs of a name in the nearest element that has one; more than one where rules choose between sets. */
function valuesOf(
  settings: Settings,
  set: 'instance_attributes' | 'meta_attributes',
  name: string,
  byId: ReadonlyMap<string, XmlElement>,
): readonly XmlElement[] {
  const meant = (element: XmlElement): XmlElement => byId.get(element.attributes.get('id-ref') ?? '') ?? element
  for (const element of settings) {
    const pairs = element.children
      .filter((child) => child.name === set)
      .flatMap((one) => meant(one).children)
      .map(meant)
      .filter((pair) => pair.name === 'nvpair' && pair.attributes.get('name') === name)
    if (pairs.length > 0) return pairs
  }
  return []
}

/** Whether it is told to be stopped, whatever rules choose. */
function isStopped(settings: Settings, byId: ReadonlyMap<string, XmlElement>): boolean {
  const roles = valuesOf(settings, 'meta_attributes', 'target-role', byId)
  return roles.length > 0 && roles.every((pair) => pair.attributes.get('value')?.toLowerCase() === 'stopped')
}

/** A CIB that says what is read of it, and nothing else: fencing devices, their passwords and the status are gone. A gap where it cannot be read. */
export function keptPacemakerCib(file: string, text: string): Known<string> {
  const cib = parsePacemakerCib(file, text)
  if (isGap(cib)) return cib
  const pair = (name: string, value: string | null): string[] =>
    value === null ? [] : [`          <nvpair name="${name}" value="${value}"/>`]
  return [
    '<cib>',
    '  <configuration>',
    '    <nodes>',
    ...cib.members.map((name) => `      <node uname="${name}"/>`),
    '    </nodes>',
    '    <resources>',
    ...cib.addresses.flatMap(({ resource, address, device, netmask }) => [
      `      <primitive id="${resource}" class="ocf" provider="heartbeat" type="IPaddr2">`,
      '        <instance_attributes>',
      ...pair('ip', address.text),
      ...pair('nic', device),
      ...pair('cidr_netmask', netmask),
      '        </instance_attributes>',
      '      </primitive>',
    ]),
    '    </resources>',
    '  </configuration>',
    '</cib>',
    '',
  ].join('\n')
}
