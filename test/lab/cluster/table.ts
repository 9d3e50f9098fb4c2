import { beyond } from './faults/beyond.ts'
import { falseAlarms, rightCause, rightVerdict, rightWire, tookHold, type Row } from './judge.ts'

/** The table of a run, in Markdown, with its counts and each miss. */
export function tableOf(rows: readonly Row[], failed: readonly string[]): string {
  const held = rows.filter(tookHold)
  const broken = held.filter(({ expected }) => expected.length > 0)
  const healthy = rows.filter((row) => row.healthy)
  const mended = (how: string): number => broken.filter(({ mending }) => mending === how).length
  const alarms = healthy.flatMap(falseAlarms)
  const heard = held.filter(({ wire }) => wire !== null)
  const counts = [
    `- right verdict: ${part(held, rightVerdict)}`,
    `- right cause: ${part(held, rightCause)}`,
    `- mended: ${String(mended('mended'))} of ${String(broken.length - mended('advice'))} by the printed fix, run as printed${again(broken)}; ${String(mended('advice'))} more leave a choice to the user (advice)`,
    `- on the wire: ${part(heard, rightWire)}, where vipdoctor listened while the client connected`,
    `- false alarms: ${String(alarms.length)} on ${String(healthy.length)} healthy labs${alarms.length === 0 ? '' : ` (${alarms.join(', ')})`}`,
  ]
  const lines = [
    '| fabric | what was broken | client | it saw | verdict | causes | fix |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(line),
    '',
    ...counts,
    '',
    ...rows.filter((row) => !tookHold(row)).map((row) => `- did not take hold: ${row.fabric}, ${row.fault}`),
    ...held.filter((row) => !rightVerdict(row) || !rightCause(row)).map(miss),
    ...heard.filter((row) => !rightWire(row)).map(misheard),
    ...broken.filter(({ mending }) => mending === 'not mended').map(notMended),
    ...failed.map((each) => `- the lab failed at ${each}`),
    '',
  ]
  return `${lines.join('\n')}\n`
}

/** What stands behind the laboratory's part of docs/accuracy.md. */
const end = '<!-- The laboratory’s part ends here. -->'

/** The figures of other commands in a page that was made before. */
export const figuresBehind = (page: string): string =>
  page.includes(end) ? page.slice(page.indexOf(end) + end.length) : '\n'

/** docs/accuracy.md: the table of a whole run, and what it means. `spent` says how long the run took. */
export const accuracyPage = (table: string, spent: string): string => `# Accuracy

Made by \`make lab\`, which breaks a real cluster one thing at a time and holds vipdoctor's word against what a client sees.

The cluster is the hard way's, out of network namespaces on one machine: etcd, kube-apiserver, kube-controller-manager, kube-scheduler,
kube-proxy, MetalLB, the CNI reference plugins and sshd are the real programs; kubelet is played. The network is either a plain LAN or a VPC
whose rules are made from an account kept by moto. vipdoctor reads it live: the API server, the account, the nodes by ssh. The verdict is
right where it is what a client's connections say; the cause is right where the first cause is what was broken and no other cause is named;
a fault is mended where the client connects after the printed commands were run as they were printed. ✗ marks a miss; each is listed
below the table.

${table}${spent}

## Not in the laboratory

What vipdoctor can say besides, and why it cannot be brought about here:

| finding | why not |
| --- | --- |
${Object.entries(beyond)
  .map(([id, why]) => `| ${id} | ${why} |`)
  .join('\n')}

${end}`

/** Faults behind which another one came to light, which was mended, too. */
const again = (rows: readonly Row[]): string => {
  const twice = rows.filter(({ mending, rounds }) => mending === 'mended' && rounds > 1)
  return twice.length === 0 ? '' : ` (${String(twice.length)} of them with what came to light behind it)`
}

const part = (rows: readonly Row[], holds: (row: Row) => boolean): string =>
  `${String(rows.filter(holds).length)} of ${String(rows.length)}`

const mark = (right: boolean): string => (right ? '' : ' ✗')

const line = (row: Row): string => {
  const { fabric, mode, fault, client, verdict, causes, also, mending } = row
  const besides = also.length === 0 ? [] : [`besides: ${also.join(', ')}`]
  const named = [...causes, ...besides].join('; ') || 'none'
  const cells = [
    ...[mode === 'iptables' ? fabric : `${fabric}, ${mode}`, fault, client, sight(row)],
    `${verdict}${mark(rightVerdict(row))}`,
    `${named}${mark(rightCause(row))}`,
    mending === 'mended' && row.rounds > 1 ? `mended, asked ${String(row.rounds)} times` : mending,
  ]
  return `| ${cells.join(' | ')} |`
}

const sight = ({ seen: { connected, tries } }: Row): string =>
  connected === tries ? 'connected' : connected === 0 ? 'nothing' : `${String(connected)} of ${String(tries)} connected`

const miss = (row: Row): string =>
  `- miss: ${row.fabric}, ${row.fault}: ${row.verdict}, causes ${row.causes.join(', ') || 'none'}; true: ${sight(row)}, ${
    row.expected.join(', ') || 'no cause'
  }${row.also.length === 0 ? '' : `, besides ${row.also.filter((id) => !row.named.includes(id)).join(', ') || 'what was said'}`}${openIn(row)}`

const misheard = (row: Row): string =>
  `- misheard: ${row.fabric}, ${row.fault}: ${JSON.stringify(row.wire)}${openIn(row)}`

const notMended = (row: Row): string =>
  `- not mended: ${row.fabric}, ${row.fault}: ${row.commands.map((each) => `\`${each}\``).join('; ')}${openIn(row)}`

const openIn = ({ open }: Row): string => (open === null ? '' : `. ${open}`)
