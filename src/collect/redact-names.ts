/** Fields of the EC2 API and of Kubernetes that hold the name of a host. */
const hostField = /"(?:PrivateDnsName|PublicDnsName)": "([^"]+)"/g

/**
 * Stand-ins for the names of nodes and hosts: `node-01`, `host-01`, numbered in the order of the names, so that sorted lists stay sorted.
 * A node's name is known from `nodes.json` and from the folders of nodes. Words that are no name of one machine stay.
 */
export function hostNames(texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const nodes = new Set<string>()
  const hosts = new Set<string>()
  for (const path of texts.keys()) {
    const node = /^nodes\/([^/]+)\//.exec(path)?.[1]
    if (node !== undefined) nodes.add(node)
  }
  const list = parsed(texts.get('kubernetes/nodes.json'))
  for (const { metadata, status } of list.items ?? []) {
    if (metadata?.name !== undefined) nodes.add(metadata.name)
    for (const { type, address } of status?.addresses ?? [])
      if (/Hostname|DNS/.test(type ?? '') && address !== undefined) hosts.add(address)
  }
  for (const [path, text] of texts) {
    if (path.startsWith('aws/'))
      for (const [, name = ''] of text.matchAll(hostField)) if (!name.startsWith('ec2-')) hosts.add(name)
    const host = path.endsWith('/versions.txt') ? /^Linux ([A-Za-z][\w.-]*) \d/m.exec(text)?.[1] : undefined
    if (host !== undefined) hosts.add(host) // what `uname -a` begins with
    if (path.endsWith('/pacemaker-cib.xml'))
      for (const [, name = ''] of text.matchAll(/<node uname="([^"]+)"/g)) hosts.add(name)
  }
  const numbered = (names: Iterable<string>, word: string): [string, string][] => {
    const sorted = [...names].filter(namesOneMachine).sort()
    const width = Math.max(2, String(sorted.length).length)
    return sorted.map((name, index) => [name, `${word}-${String(index + 1).padStart(width, '0')}`])
  }
  return new Map([
    ...numbered(
      [...hosts].filter((name) => !nodes.has(name)),
      'host',
    ),
    ...numbered(nodes, 'node'),
  ])
}

/** `master` or `kubernetes` as a node's name stands in too many places for something else. */
const namesOneMachine = (name: string): boolean => /[\d.-]/.test(name) && name.length > 2 && !/^[\d.:]+$/.test(name)

interface NodeList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string }
    readonly status?: { readonly addresses?: readonly { readonly type?: string; readonly address?: string }[] }
  }[]
}

function parsed(text: string | undefined): NodeList {
  try {
    return JSON.parse(text ?? '{}') as NodeList
  } catch {
    return {}
  }
}
