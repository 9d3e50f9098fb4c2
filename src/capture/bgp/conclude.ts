import type { Address } from '../../net/address.ts'
import { parseCidr, rangeHas } from '../../net/range.ts'
import { counted, inWords } from '../../net/words.ts'
import { notificationText } from './messages.ts'
import type { Session } from './observe.ts'

/** What the sessions of one host with the peer come to. */
export interface BgpConclusion {
  readonly host: Address
  readonly outcome: 'established' | 'closed' | 'refused' | 'unanswered' | 'rejected' | 'unfinished' | 'not-tried'
  readonly verdict: 'fine' | 'fault' | 'open'
  readonly says: string
}

/**
 * One conclusion for each host that has to do with the peer. What a host tried itself counts; that it refuses the peer's own try does not:
 * MetalLB's native mode and kube-vip never listen on port 179. `vip` asks whether a prefix that the host announces covers it.
 */
export function concludeBgp(
  sessions: readonly Session[],
  peer: Address,
  vip: Address | null,
): readonly BgpConclusion[] {
  const hosts = new Map<string, { host: Address; own: Session[]; other: Session[] }>()
  for (const session of sessions) {
    const byHost = session.to.text === peer.text
    const host = byHost ? session.from : session.to
    const known = hosts.get(host.text) ?? { host, own: [], other: [] }
    hosts.set(host.text, known)
    ;(byHost ? known.own : known.other).push(session)
  }
  return [...hosts.values()].map(({ host, own, other }) => {
    const last = latest(own) ?? other.findLast(({ state }) => state === 'established') ?? other.findLast(isOnItsWay)
    return last === undefined
      ? notTried(host, peer, other)
      : about(host, peer, own.length === 0 ? other : own, last, vip)
  })
}

/** The last session; one that was only tried, and not again, may have been answered by what the capture lost, or ended too early. */
const latest = (sessions: readonly Session[]): Session | undefined => {
  const last = sessions.at(-1)
  return last?.state === 'tried' && last.tries === 1
    ? (sessions.findLast(({ state }) => state !== 'tried') ?? last)
    : last
}

const isOnItsWay = ({ state }: Session): boolean => state === 'connected' || state === 'open'

function notTried(host: Address, peer: Address, other: readonly Session[]): BgpConclusion {
  const tried =
    other.length === 0
      ? ''
      : `; the peer's own ${counted(other.length, 'try', 'tries')} came to nothing, which is normal: a speaker does not listen`
  return {
    host,
    outcome: 'not-tried',
    verdict: 'open',
    says: `${host.text} did not try to reach ${peer.text} in this capture${tried}.`,
  }
}

function about(
  host: Address,
  peer: Address,
  sessions: readonly Session[],
  last: Session,
  vip: Address | null,
): BgpConclusion {
  const pair = `${host.text} and ${peer.text}`
  // A storm of sessions that are rejected ends in one that is cut off: the reason stands in those before.
  const rejected = sessions.findLast(({ notification }) => notification !== null)
  const lost = lostText(last)
  if (last.state === 'established') return established(host, pair, last, vip)
  if (rejected?.notification != null && !(isOnItsWay(last) && lost !== '')) {
    const { by, code, subcode } = rejected.notification
    return {
      host,
      outcome: 'rejected',
      verdict: 'fault',
      says: `${by.text} ended the session of ${pair} with ${notificationText(code, subcode)}${saidAs(rejected, code, subcode)}; ${counted(sessions.length, 'session was', 'sessions were')} tried.`,
    }
  }
  switch (last.state) {
    case 'refused':
      return {
        host,
        outcome: 'refused',
        verdict: 'fault',
        says: `${peer.text} refuses ${host.text}: nobody listens on its port 179, or a firewall rejects (${counted(sessions.length, 'try', 'tries')}).`,
      }
    case 'tried':
      return last.tries === 1 && sessions.length === 1
        ? {
            host,
            outcome: 'unfinished',
            verdict: 'open',
            says: `${host.text} tried once to reach ${peer.text} at tcp/179, and no answer is in the capture: it is tried again after a second, so listen longer.`,
          }
        : {
            host,
            outcome: 'unanswered',
            verdict: 'fault',
            says: `${host.text} tries to reach ${peer.text} at tcp/179, and nothing comes back: what lies between drops it, or the peer is not there.`,
          }
    case 'closed':
      return {
        host,
        outcome: 'closed',
        verdict: 'fault',
        says: `The session of ${pair} was closed ${lost === '' ? 'without a reason' : `for a reason that may stand in what is missing: ${lost}`}.`,
      }
    case 'connected':
    case 'open':
      return {
        host,
        outcome: 'unfinished',
        verdict: 'open',
        says:
          lost === ''
            ? `The session of ${pair} is connected and not yet established at the end of the capture${last.problem === null ? '' : ` (${last.problem})`}.`
            : `The session of ${pair} is connected; whether it was established is not known: ${lost}.`,
      }
  }
}

/** What the capture lacks of a session; empty where it has all of it. */
function lostText({ from, to, missing }: Session): string {
  const sides = [
    [from, missing.from],
    [to, missing.to],
  ] as const
  const lost = sides.flatMap(([by, bytes]) => (bytes === 0 ? [] : [`${counted(bytes, 'byte')} of ${by.text}`]))
  return lost.length === 0 ? '' : `the capture lacks ${inWords(lost)}`
}

function established(host: Address, pair: string, session: Session, vip: Address | null): BgpConclusion {
  const side = session.from.text === host.text ? 'from' : 'to'
  const { [side]: prefixes } = session.prefixes
  const { [side]: own, [side === 'from' ? 'to' : 'from']: others } = session.opens
  const names = own === null || others === null ? '' : ` (AS ${String(own.as)} and AS ${String(others.as)})`
  const announced = prefixes.length === 0 ? 'announces no prefix' : `announces ${inWords(prefixes, 12)}`
  const says = `The session of ${pair}${names} is established; ${host.text} ${announced}`
  const lost =
    session.missing[side] === 0 ? '' : `the capture lacks ${counted(session.missing[side], 'byte')} of ${host.text}`
  const concluded = (verdict: BgpConclusion['verdict'], rest: string): BgpConclusion => ({
    host,
    outcome: 'established',
    verdict,
    says: `${says}${rest}.`,
  })
  if (vip === null) return concluded('fine', lost === '' ? '' : ` as far as is seen (${lost})`)
  const covers = (list: readonly string[]) => list.map(parseCidr).some((cidr) => cidr !== null && rangeHas(cidr, vip))
  if (covers(session.certain[side]))
    return concluded('fine', `; that covers ${vip.text}${lost === '' ? '' : ` (${lost})`}`)
  if (covers(prefixes))
    return concluded('open', `; that covered ${vip.text}, and whether it was withdrawn since is not known: ${lost}`)
  if (lost !== '')
    return concluded('open', ` as far as is seen; whether ${vip.text} was announced is not known: ${lost}`)
  if (!session.fromStart)
    return concluded(
      'open',
      ` in this capture, which began later than the session: whether ${vip.text} was announced before is not known`,
    )
  if (!session.settled[side])
    return concluded(
      'open',
      `; whether ${vip.text} was to follow is not known: the capture ends too soon after the session began, so listen for a minute`,
    )
  return concluded('fault', `: nothing that covers ${vip.text}`)
}

/** Of a Bad Peer AS: which number was offered. */
function saidAs({ notification, opens, from }: Session, code: number, subcode: number): string {
  if (code !== 2 || subcode !== 2) return ''
  const offered = notification?.by.text === from.text ? opens.to : opens.from
  return offered === null ? '' : `: it expects another number than AS ${String(offered.as)}`
}

/** Fine where every host that tried has its session; a fault where one has not; open where nobody tried. */
export function bgpVerdict(conclusions: readonly BgpConclusion[]): BgpConclusion['verdict'] {
  if (conclusions.some(({ verdict }) => verdict === 'fault')) return 'fault'
  const tried = conclusions.filter(({ outcome }) => outcome !== 'not-tried')
  return tried.length > 0 && tried.every(({ verdict }) => verdict === 'fine') ? 'fine' : 'open'
}
