import { execFileSync } from 'node:child_process'
import os from 'node:os'
import type { CaptureFlags } from './capture-flags.ts'
import { conclude, verdictOf, type Surroundings } from './capture/conclude.ts'
import { mayBeNeighbour } from './capture/link.ts'
import { isClaim, neighbourMessage, type NeighbourMessage } from './capture/neighbour-message.ts'
import { observer } from './capture/observe.ts'
import type { FrameSource } from './capture/source.ts'
import { fileSource } from './capture/sources/file.ts'
import { neighbourFilter, tcpdumpSource } from './capture/sources/tcpdump.ts'
import { writeFrames } from './capture/sources/write-file.ts'
import { knownStations } from './checks/stations.ts'
import { openBundle } from './evidence/bundle.ts'
import type { Evidence } from './evidence/evidence.ts'
import { known } from './evidence/gap.ts'
import { UserError } from './evidence/user-error.ts'
import { onInterrupt } from './interrupt.ts'
import { parseAddress, sameAddress, type Address, type Family } from './net/address.ts'
import { conclusionJson, conclusionText, messageJson, messageText } from './report/capture.ts'
import { lookOf } from './terminal.ts'
import { fabricOf } from './vpc/fabric.ts'

/** Exit codes as everywhere: the VIP is held as it should be, a fault was seen, nothing can be concluded. */
const exitCodes = { fine: 0, fault: 1, open: 3 } as const

/** Watches ARP or NDP messages about one VIP and says what they mean. Returns the exit code. */
export async function captureNeighbours(flags: CaptureFlags, family: Family): Promise<0 | 1 | 3> {
  const vip = vipOf(flags.vip, family)
  const evidence = flags.bundle === undefined ? null : await openBundle(flags.bundle)
  const surroundings = surroundingsOf(flags, vip, evidence)
  const source = await sourceOf(flags, vip)
  const file = flags.write === undefined ? null : writeFrames(flags.write)
  const look = lookOf(flags)
  const { see, observation } = observer(vip)
  const stop = new AbortController()
  const interrupt = onInterrupt()
  interrupt.signal.addEventListener('abort', () => {
    stop.abort()
  })
  const timer =
    flags.read === undefined
      ? setTimeout(() => {
          stop.abort()
        }, flags.duration * 1000)
      : null
  let about = 0

  function show(message: NeighbourMessage): void {
    about += 1
    const startNs = observation().firstNs ?? message.timeNs
    const line =
      flags.output === 'json' ? messageJson(message, surroundings) : messageText(message, startNs, surroundings, look)
    process.stdout.write(`${line}\n`)
    if (about === flags.count || (flags.until !== undefined && isReached(flags.until, message))) stop.abort()
  }
  function isReached(until: 'announced' | 'conflict', message: NeighbourMessage): boolean {
    if (until === 'announced') return isClaim(message)
    return conclude(observation(), surroundings).some(({ outcome }) => outcome === 'several-announcers')
  }

  try {
    const end = await source.read(
      mayBeNeighbour,
      (frame) => {
        if (stop.signal.aborted) return
        file?.write(frame)
        const message = neighbourMessage(frame)
        if (message === null) return
        see(message)
        if (typeof message !== 'string' && sameAddress(message.about, vip)) show(message)
      },
      stop.signal,
    )
    const seen = observation()
    const conclusions = conclude(seen, surroundings)
    process.stdout.write(
      flags.output === 'json'
        ? `${conclusionJson(seen, conclusions, end, surroundings)}\n`
        : `${about === 0 ? '' : '\n'}${conclusionText(seen, conclusions, end, surroundings, look)}`,
    )
    return exitCodes[verdictOf(conclusions)]
  } finally {
    if (timer !== null) clearTimeout(timer)
    interrupt.release()
    file?.close()
  }
}

function vipOf(text: string, family: Family): Address {
  const vip = parseAddress(text)
  if (vip === null) throw new UserError(`"${text}" is no address.`, 'For example: --vip 10.240.0.100')
  if (vip.family !== family)
    throw new UserError(
      `${vip.text} is an IPv${String(vip.family)} address.`,
      family === 4
        ? 'Its neighbours speak NDP: vipdoctor capture ndp.'
        : 'Its neighbours speak ARP: vipdoctor capture arp.',
    )
  return vip
}

async function sourceOf(flags: CaptureFlags, vip: Address): Promise<FrameSource> {
  if (flags.read === undefined) {
    const name = flags.interface ?? interfaceTo(vip)
    return tcpdumpSource(name, { promiscuous: flags.promiscuous, filter: neighbourFilter })
  }
  if (flags.interface !== undefined)
    throw new UserError('--interface is about listening, and a file was named.', 'Leave one of the two out.')
  return fileSource(flags.read)
}

/** The interface that a packet to the VIP would leave by, as the kernel's routes have it. */
function interfaceTo(vip: Address): string {
  try {
    const routes = JSON.parse(
      execFileSync('ip', ['-j', 'route', 'get', vip.text], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    ) as { dev?: string }[]
    const name = routes[0]?.dev
    if (name !== undefined && name !== 'lo') return name
  } catch {
    // No iproute2, or no route: the user has to say it.
  }
  throw new UserError(
    `No interface of this host has a route to ${vip.text}.`,
    'Name one by --interface; `ip -brief link` lists them.',
  )
}

function surroundingsOf(flags: CaptureFlags, vip: Address, evidence: Evidence | null): Surroundings {
  const told = flags.fabric === 'auto' ? null : flags.fabric
  const stations =
    evidence === null
      ? { stationOf: () => null, ownerMac: undefined }
      : knownStations(evidence, vip, flags['vpc-id'] ?? null)
  return {
    fabric: told ?? (evidence === null ? null : fabricOf(evidence)),
    seenFrom: seenFrom(flags, evidence),
    listenedSeconds: flags.read === undefined ? flags.duration : null,
    ...stations,
  }
}

/** Told, or live the node that has an address of this host; a file was taken on another host unless it is told otherwise. */
function seenFrom(flags: CaptureFlags, evidence: Evidence | null): Surroundings['seenFrom'] {
  const told = flags['seen-from']
  if (told !== undefined) {
    if (told === 'client') return 'client'
    const node = /^node\/(.+)$/.exec(told)?.[1]
    if (node === undefined) throw new UserError(`"${told}" is no place to capture.`, 'It is node/NAME, or client.')
    return { node }
  }
  if (flags.read !== undefined || evidence === null) return 'client'
  const own = new Set(
    Object.values(os.networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
  )
  const node = (known(evidence.kubernetes.nodes) ?? []).find(({ status }) =>
    (status?.addresses ?? []).some(
      ({ type, address }) => type === 'InternalIP' && address !== undefined && own.has(address),
    ),
  )
  return node?.metadata?.name === undefined ? 'client' : { node: node.metadata.name }
}
