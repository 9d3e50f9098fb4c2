import { pathHops } from '../../checks/hop.ts'
import { linesOf, shortened } from '../brief.ts'
import { h, nothing, type Markup } from './markup.ts'
import { chainNames, endCards, endWords, nodesText, type Drawn, type EndCard } from './drawn.ts'
import { badge, bubble, line, textLines, zone } from './shapes.ts'
import type { Stop } from './stops.ts'

const [width, height, lineY] = [1280, 492, 196]
const [clientX, firstX, step] = [84, 236, 154]
const podsX = 1106
const xOf = (index: number): number => firstX + index * step

/** The packet's way from left to right, for a screen or a sheet of paper. */
export function widePicture(drawn: Drawn): Markup {
  const way = drawn.stops.slice(0, -1)
  const cards = endCards(drawn.scene, 4)
  // Without a bubble there is nothing above the zones.
  const top = drawn.stops.some(({ reach }) => reach === 'ends') ? 0 : 106
  return h`<svg viewBox="0 ${top} ${width} ${height - top}" class="picture wide" role="group" aria-label="${drawn.title}">
${zones(drawn)}${lines(way, cards)}${client(drawn.client)}${cards.map((card, index) => podCard(card, podY(index), lastReach(way)))}
${way.slice(0, -1).map((stop, index) => station(stop, xOf(index)))}${endpointStation(way.at(-1))}${chains(drawn)}${networkInterface(drawn)}${returning(drawn.stops.at(-1), way)}${ending(drawn)}</svg>`
}

const lastReach = (way: readonly Stop[]): 'reached' | 'beyond' =>
  way.at(-1)?.reach === 'reached' ? 'reached' : 'beyond'

function zones({ scene }: Drawn): Markup {
  const { network, nodes } = scene
  const left = scene.clientInside ? 8 : xOf(2) - 74
  return h`${zone({ x: left, y: 118, width: width - 8 - left, height: 318 }, 'network', `${network.kind} ${network.name ?? ''}`.trim(), true)}${
    network.kind === 'VPC'
      ? zone(
          { x: xOf(2) - 68, y: 126, width: xOf(4) - xOf(2) + 148, height: 284 },
          'subnet',
          network.subnet ?? 'the VIP is in no known subnet',
        )
      : nothing
  }${zone({ x: xOf(4) - 72, y: 134, width: 144, height: 250 }, 'node', nodesText(nodes))}`
}

function lines(way: readonly Stop[], cards: readonly EndCard[]): Markup {
  const xs = way.slice(0, -1).map((_, index) => xOf(index))
  const starts = [clientX + 62, ...xs]
  const parts = xs.map((x, index) =>
    line(`M${starts[index] ?? 0} ${lineY} H${x}`, way[index]?.reach === 'beyond' ? 'beyond' : 'reached'),
  )
  const from = xs.at(-1) ?? 0
  const reach = way.slice(0, -1).every((stop) => stop.reach === 'reached') ? 'reached' : 'beyond'
  const fork = cards.map((card, index) => {
    const y = podY(index)
    const share =
      card.share === ''
        ? nothing
        : h`<text x="${podsX - 8}" y="${y + (index === 0 ? -7 : 16)}" class="share">${card.share}</text>`
    return h`${line(`M${from} ${lineY} C${from + 60} ${lineY} ${from + 20} ${y} ${podsX} ${y}`, reach)}${share}`
  })
  return h`${parts}${fork}`
}

/** The first card stands on the line itself. */
const podY = (index: number): number => lineY + 4 + index * 49

function client(lines: readonly string[]): Markup {
  return h`<g class="client"><rect x="${clientX - 66}" y="${lineY - 36}" width="128" height="72" rx="12"/><text x="${clientX - 2}" y="${lineY - 12}" class="client-name">client</text>${textLines(lines, { x: clientX - 2, y: lineY + 8, step: 15, kind: 'client-text' })}</g>`
}

function station(stop: Stop, x: number): Markup {
  const lines = linesOf(stop.brief, 22, 4)
  const below = stop.reach === 'ends' ? lineY + 54 : lineY + 36
  return h`${badge(stop, x, lineY)}<text x="${x}" y="${below}" class="hop ${stop.reach}">${stop.hop}</text>${stop.reach === 'ends' ? nothing : textLines(lines, { x, y: below + 17, step: 14, kind: `fact ${stop.reach}` })}`
}

/** The hop at the pods: its circle stands above their cards. */
function endpointStation(stop: Stop | undefined): Markup {
  if (stop === undefined) return nothing
  return h`${badge(stop, endpointAt.x, endpointAt.y)}<text x="${endpointAt.x + (stop.reach === 'ends' ? 34 : 22)}" y="${endpointAt.y + 5}" class="hop beside ${stop.reach}">${stop.hop}</text>`
}
const endpointAt = { x: podsX + 22, y: 152 }

function podCard({ title, node }: EndCard, y: number, reach: string): Markup {
  return h`<g class="pod ${reach}"><rect x="${podsX}" y="${y - 21}" width="160" height="42" rx="9"/><text x="${podsX + 12}" y="${y - 3}" class="pod-name">${shortened(title, 20)}</text><text x="${podsX + 12}" y="${y + 12}" class="pod-node">${shortened(node, 24)}</text></g>`
}

function chains({ scene, stops }: Drawn): Markup {
  const at = stops.find(({ hop }) => hop === 'translation')
  if (at === undefined || at.reach === 'ends') return nothing
  return textLines(
    chainNames(scene.rules, 4).map((name) => shortened(name, 20)),
    { x: xOf(pathHops.indexOf('translation')), y: 314, step: 14, kind: 'chain' },
  )
}

/** The interface that the frame is handed to, above the hop that guards it. */
function networkInterface({ scene, stops }: Drawn): Markup {
  const index = pathHops.indexOf('admission')
  if (scene.interface === null || stops[index]?.reach === 'ends') return nothing
  return textLines(['interface', shortened(scene.interface.id, 21)], {
    x: xOf(index),
    y: 152,
    step: 14,
    kind: 'interface',
  })
}

function returning(stop: Stop | undefined, way: readonly Stop[]): Markup {
  if (stop === undefined) return nothing
  const y = height - 28
  const reach = stop.reach === 'reached' && way.every((one) => one.reach === 'reached') ? 'reached' : 'beyond'
  return h`${line(`M${podsX + 80} 440 V${y - 16} Q${podsX + 80} ${y} ${podsX + 64} ${y} H${clientX + 16} Q${clientX} ${y} ${clientX} ${y - 16} V${lineY + 40}`, reach, true)}${badge(stop, 640, y)}<text x="668" y="${y - 10}" class="hop beside ${stop.reach}">${stop.hop}</text>`
}

function ending(drawn: Drawn): Markup {
  const words = endWords(drawn)
  if (words === null) return nothing
  const index = drawn.stops.findIndex(({ reach }) => reach === 'ends')
  const [x, y] = index >= 6 ? [endpointAt.x, endpointAt.y] : [xOf(index), lineY]
  const left = Math.min(Math.max(x - 190, 8), width - 388)
  return bubble(
    { x: left, y: 98, width: 380 },
    (edge) => `M${x - 13} ${edge - 1} L${x} ${y - 27} L${x + 13} ${edge - 1} Z`,
    words,
  )
}
