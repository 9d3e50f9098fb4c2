import { parseAddress } from '../../net/address.ts'
import { protocolOf, type Protocol } from '../../net/port.ts'
import { gap, isGap, type Known } from '../gap.ts'
import { parseJson } from '../json.ts'
import { conform, escapeKey } from '../shape.ts'
import type { Backend, Frontend, ServiceMap } from './service-map.ts'

/** `10.0.0.1:80/TCP (0)`, `10.0.0.1:80/TCP/i (1)`; up to 1.16 without the slot, up to 1.14 without the protocol. */
const keyText = /^(?:\[([^\]]+)\]|([^:/\s]+)):(\d+)(?:\/([A-Z]+))?(\/i)?(?: \(\d+\))?$/
/** The entry of slot 0, which says what is done: `0.0.0.0:0 (12) (0) [LoadBalancer, Local, two-scopes]`. */
const masterText = /^(?:0\.0\.0\.0|\[::\]):0 \(\d+\) \(0\) \[([^\]]*)\]/
/** `10.244.1.201:8080/TCP (9) (1)`. */
const backendText = /^(?:\[([^\]]+)\]|([\d.]+)):(\d+)(?:\/[A-Z]+)? \(\d+\) \(\d+\)$/
const missingText = /^backend \d+ not found$/

interface Found {
  readonly key: RegExpExecArray
  readonly pointer: string
  flags: string | null
  master: string
  readonly backends: Backend[]
}

/**
 * Reads what `cilium-dbg bpf lb list -o json` prints: the tables in the kernel, entries by frontend. An entry of another form makes it a gap.
 * Source: Cilium 1.18 cilium-dbg/cmd/bpf_lb_list.go (dumpSVC), pkg/loadbalancer (ServiceFlags.String).
 */
export function parseCiliumLb(file: string, text: string): Known<ServiceMap> {
  const json = parseJson(file, text)
  if (isGap(json)) return json
  const read = conform(json, { mapOf: ['string'] } as const)
  if ('misfit' in read) return gap(file, `not what its name says: ${read.misfit.pointer} is ${read.misfit.found}`)
  const found = new Map<string, Found>()
  for (const [name, entries] of Object.entries(read.value as Readonly<Record<string, readonly string[]>>)) {
    const key = keyText.exec(name)
    if (key === null) return gap(file, `not what its name says: ${JSON.stringify(name.slice(0, 60))} is no frontend`)
    const pointer = `/${escapeKey(name)}`
    const id = name.replace(/ \(\d+\)$/, '')
    const one = found.get(id) ?? { key, pointer, flags: null, master: '', backends: [] }
    found.set(id, one)
    for (const [index, entry] of entries.entries()) {
      const place = { file, pointer: `${pointer}/${String(index)}` }
      const master = masterText.exec(entry.trim())
      const back = backendText.exec(entry.trim())
      const address = parseAddress(back?.[1] ?? back?.[2])
      if (master !== null) {
        one.flags = master[1] ?? ''
        one.master = place.pointer
      } else if (back !== null && address !== null)
        one.backends.push({ to: { address, port: Number(back[3]) }, place, text: entry })
      else if (missingText.test(entry)) one.backends.push({ to: null, place, text: entry })
      else return gap(file, `not what its name says: ${place.pointer} is no entry of a frontend`)
    }
  }
  return { file, frontends: [...found].flatMap(([name, one]) => frontendOf(file, name, one, found.has(`${name}/i`))) }
}

/** Up to 1.12 no flag says that a frontend has a second scope; the other one's key does. */
function frontendOf(
  file: string,
  name: string,
  { key, flags, master, backends }: Found,
  twoScopes: boolean,
): readonly Frontend[] {
  const [, v6, v4, port, protocol, internal] = key
  const address = parseAddress(v6 ?? v4)
  // Backends without the entry that says what is done with them are not asked.
  if (address === null || flags === null) return []
  const said = flags.split(', ')
  return [
    {
      address,
      port: Number(port),
      protocol: protocolIn(protocol),
      from: internal !== undefined ? 'inside' : twoScopes || said.includes('two-scopes') ? 'outside' : 'both',
      sources: null,
      does: said.includes('l7-load-balancer') ? 'proxy' : said.includes('check source-range') ? 'ranges' : 'backends',
      onlyLocal: said.includes('Local') && internal === undefined,
      dsr: said.includes('dsr'),
      isExternal: said[0] !== 'ClusterIP',
      backends,
      place: { file, pointer: master },
      text: `${name} [${flags}]`,
    },
  ]
}

const protocolIn = (text: string | undefined): Protocol | null => (text === undefined ? null : protocolOf(text))

const addressShape = { ip: 'string', port: 'number', protocol: 'string' } as const

/** What is read of `cilium-dbg service list -o json` (Cilium 1.18 api/v1/models/service_spec.go). */
export const ciliumServiceShape = {
  spec: {
    'frontend-address': { ...addressShape, scope: 'string' },
    'backend-addresses': [{ ...addressShape, state: 'string' }],
    flags: { type: 'string', trafficPolicy: 'string', extTrafficPolicy: 'string' },
  },
} as const

/**
 * Reads the agent's own view of what it wrote into the kernel: less than the tables themselves, and more, since it names each backend's
 * state. A backend that is terminating gets packets only where none is active (documentation, "Graceful Termination").
 */
export function parseCiliumServices(file: string, text: string): Known<ServiceMap> {
  const json = parseJson(file, text)
  if (isGap(json)) return json
  const read = conform(json, [ciliumServiceShape] as const)
  if ('misfit' in read) return gap(file, `not what its name says: ${read.misfit.pointer} is ${read.misfit.found}`)
  const frontends = read.value.flatMap(({ spec }, index): readonly Frontend[] => {
    const front = spec?.['frontend-address']
    const address = parseAddress(front?.ip)
    if (address === null || front?.port === undefined) return []
    const place = { file, pointer: `/${String(index)}/spec/frontend-address` }
    const { type = 'ClusterIP', trafficPolicy, extTrafficPolicy = trafficPolicy } = spec?.flags ?? {}
    const inside = front.scope === 'internal'
    const all = (spec?.['backend-addresses'] ?? []).map((one, at) => ({ ...one, at }))
    const active = all.filter(({ state = 'active' }) => state === 'active')
    const usable = active.length > 0 ? active : all.filter(({ state }) => state === 'terminating')
    return [
      {
        address,
        port: front.port,
        protocol: protocolIn(front.protocol),
        from: inside ? 'inside' : extTrafficPolicy === 'Local' && type !== 'ClusterIP' ? 'outside' : 'both',
        sources: null,
        does: 'backends',
        onlyLocal: extTrafficPolicy === 'Local' && !inside && type !== 'ClusterIP',
        dsr: false,
        isExternal: type !== 'ClusterIP',
        backends: usable.flatMap(({ ip, port = 0, at }) => {
          const to = parseAddress(ip)
          return to === null
            ? []
            : [
                {
                  to: { address: to, port },
                  place: { file, pointer: `/${String(index)}/spec/backend-addresses/${String(at)}` },
                  text: `${ip ?? ''}:${String(port)}`,
                },
              ]
        }),
        place,
        text: `${front.ip ?? ''}:${String(front.port)} ${type}`,
      },
    ]
  })
  return { file, frontends }
}

/** What is read of `cilium-dbg status -o json` (Cilium 1.18 api/v1/models/kube_proxy_replacement.go). */
export const ciliumStatusShape = {
  'kube-proxy-replacement': {
    mode: 'string',
    devices: ['string'],
    deviceList: [{ name: 'string' }],
    features: { nodePort: { enabled: 'boolean', mode: 'string' } },
  },
} as const

/** How Cilium's agent says that it translates. `replaces` where it stands for kube-proxy; `devices` null where it does not name them; `mode` is SNAT, DSR or Hybrid. */
export interface CiliumStatus {
  readonly file: string
  readonly replaces: boolean
  readonly devices: readonly string[] | null
  readonly mode: string | null
}

/** Reads a status, which up to 1.13 calls a replacement Strict or Probe. */
export function parseCiliumStatus(file: string, text: string): Known<CiliumStatus> {
  const json = parseJson(file, text)
  if (isGap(json)) return json
  const read = conform(json, ciliumStatusShape)
  if ('misfit' in read) return gap(file, `not what its name says: ${read.misfit.pointer} is ${read.misfit.found}`)
  const status = read.value['kube-proxy-replacement']
  if (status === undefined) return gap(file, 'not what its name says: there is no /kube-proxy-replacement')
  const { mode, devices = status.deviceList?.flatMap(({ name }) => name ?? []), features } = status
  return {
    file,
    replaces: mode === 'True' || mode === 'Strict',
    devices: devices === undefined || devices.length === 0 ? null : devices,
    mode: features?.nodePort?.enabled === true ? (features.nodePort.mode ?? null) : null,
  }
}
