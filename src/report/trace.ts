import { addressAndPort } from '../net/port.ts'
import type { TracedJourney, TracedPacket } from '../diagnosis/traced-packet.ts'
import type { Step } from '../node/trace/types.ts'
import { placeText } from '../evidence/cite.ts'
import { nftRuleText } from './nft-rule.ts'
import type { Look } from './paint.ts'
import { shown } from './shown.ts'
import { wrap } from './wrap.ts'

/** Traces for people: every way of the packet with its share, and the rules that sent it there, each at its line of the dump. */
export function traceText(packets: readonly TracedPacket[], look: Look): string {
  return `${shown(packets)
    .map((packet) => packetText(packet, look).join('\n'))
    .join('\n\n')}\n`
}

function packetText(packet: TracedPacket, look: Look): string[] {
  const { address, port, node, client, gap, parts, doubts } = packet
  const title = `${look.paint.bold(`${addressAndPort(address, port.port)}/${port.protocol}`)} from ${client} at ${look.paint.bold(node)}`
  if (gap !== null) return [title, ...wrap(`Not known: ${gap.source}: ${gap.reason}.`, look.width, '  ')]
  return [
    title,
    ...doubts.flatMap(({ source, reason }) =>
      wrap(`Not seen, so it may hold rules too: ${source}: ${reason}.`, look.width, '    ', '  '),
    ),
    ...parts.flatMap(({ source, clients, from, journeys }) => [
      '',
      `From ${source}${clients === source ? '' : ` (${clients})`}, ${from}:`,
      ...journeys.flatMap((journey) => ['', ...journeyText(journey, look)]),
    ]),
  ]
}

function journeyText({ probability, hops }: TracedJourney, look: Look): string[] {
  const share = look.paint.bold(shareText(probability))
  return hops.flatMap(({ node, says, doubt, steps, gap }, index) => [
    ...wrap(says, look.width, '         ', index === 0 ? `  ${share}  ` : `         on ${node}: `),
    ...(doubt === null
      ? []
      : wrap(
          `Not certain: whether this rule applies, or what it does, is not known (${placeOf(doubt)}): ${nftRuleText(doubt.text)}`,
          look.width,
          '           ',
          '         ',
        )),
    ...(steps.length === 0 && gap === null ? ['         no rule applied to it'] : []),
    ...stepsText(steps, look),
  ])
}

/** One heading for each table that the packet went through, and its rules behind their line numbers. */
function stepsText(steps: readonly Step[], look: Look): string[] {
  return steps.flatMap((step, index) => {
    const before = steps[index - 1]
    const same = before !== undefined && headOf(before) === headOf(step)
    const { place, handle, chain } = step
    const at = place?.pointer ?? String(place?.line ?? '')
    // On the node itself a native rule is found by its handle: `nft -a list ruleset` prints it so.
    const found = handle === null ? '' : ` # handle ${String(handle)}`
    const text = step.backend === 'native' ? `${chain}: ${nftRuleText(step.text)}${found}` : step.text
    return [...(same ? [] : [`         ${look.paint.dim(headOf(step))}`]), `         ${at.padStart(7)}  ${text}`]
  })
}

const headOf = ({ hook, table, place }: Step): string =>
  `${hook === table.toUpperCase() ? hook : `${hook}, table ${table}`}${place === null ? '' : ` (${place.file}, by ${place.line === undefined ? 'pointer' : 'line'})`}`

const placeOf = ({ place, chain }: Step): string => (place === null ? chain : placeText(place))

const shareText = (probability: number): string =>
  `${(probability * 100).toFixed(probability > 1 - 1e-9 ? 0 : 1)} %`.padStart(6)
