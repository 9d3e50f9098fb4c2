import { linesOf, shortened } from '../brief.ts'
import { chainNames, endCards, endWords, nodesText, type Drawn } from './drawn.ts'
import { h, nothing, type Markup } from './markup.ts'
import { badge, bubble, line, textLines, zone } from './shapes.ts'
import type { Stop } from './stops.ts'

const [width, lineX, textX] = [380, 52, 92]

interface Row {
  readonly stop: Stop
  readonly y: number
  readonly height: number
}

/** The packet's way from top to bottom, for a phone. */
export function tallPicture(drawn: Drawn): Markup {
  const way = drawn.stops.slice(0, -1)
  const chains = chainNames(drawn.scene.rules, 3)
  const rows = placed(way, chains.length)
  const cards = endCards(drawn.scene, 4)
  const cardsY = (rows.at(-1)?.y ?? 0) + (rows.at(-1)?.height ?? 0)
  const back = cardsY + cards.length * 52 + 44
  const ends = way.every(({ reach }) => reach === 'reached') ? 'reached' : 'beyond'
  const last = rows.at(-1)
  return h`<svg viewBox="0 0 ${width} ${back + 40}" class="picture tall" role="group" aria-label="${drawn.title}">
${zones(drawn, rows, back)}${rows.map(({ stop, y }, index) => line(`M${lineX} ${index === 0 ? 60 : (rows[index - 1]?.y ?? 0)} V${y}`, stop.reach === 'beyond' ? 'beyond' : 'reached'))}${cards.map(
    (card, index) => {
      const y = cardsY + index * 52 + 10
      return h`${line(`M${lineX} ${last?.y ?? 0} V${y - 12} Q${lineX} ${y} ${lineX + 12} ${y} H${textX + 44}`, ends)}<text x="${textX + 38}" y="${y - 7}" class="share">${card.share}</text><g class="pod ${ends}"><rect x="${textX + 44}" y="${y - 21}" width="224" height="42" rx="9"/><text x="${textX + 56}" y="${y - 3}" class="pod-name">${shortened(card.title, 29)}</text><text x="${textX + 56}" y="${y + 12}" class="pod-node">${shortened(card.node, 34)}</text></g>`
    },
  )}<g class="client"><rect x="14" y="12" width="352" height="50" rx="12"/><text x="30" y="34" class="client-name start">client</text>${textLines([drawn.client.join(' ')], { x: 30, y: 52, step: 15, kind: 'client-text start' })}</g>
${rows.map((row) => station(row, drawn, chains))}${returning(drawn.stops.at(-1), back)}</svg>`
}

function placed(way: readonly Stop[], chains: number): readonly Row[] {
  let y = 112
  return way.map((stop) => {
    const more = stop.hop === 'translation' && stop.reach !== 'ends' ? 38 + chains * 15 : 0
    const height = (stop.reach === 'ends' ? 136 : 74) + more
    const row = { stop, y, height }
    y += height
    return row
  })
}

function zones({ scene }: Drawn, rows: readonly Row[], back: number): Markup {
  const top = (hop: string) => (rows.find(({ stop }) => stop.hop === hop)?.y ?? 0) - 34
  const bottom = (hop: string) => {
    const row = rows.find(({ stop }) => stop.hop === hop)
    return (row?.y ?? 0) + (row?.height ?? 0) - 40
  }
  const { network } = scene
  const start = scene.clientInside ? 4 : top('delivery') - 4
  const end = back - 44
  return h`${zone({ x: 4, y: start, width: width - 8, height: end + 26 - start }, 'network', `${network.kind} ${network.name ?? ''}`.trim(), true)}${
    network.kind === 'VPC'
      ? zone(
          { x: 10, y: top('delivery'), width: width - 20, height: bottom('translation') + 2 - top('delivery') },
          'subnet',
          network.subnet ?? 'the VIP is in no known subnet',
          true,
        )
      : nothing
  }${zone({ x: 16, y: top('translation'), width: width - 32, height: bottom('translation') - 24 - top('translation') }, 'node', nodesText(scene.nodes), true)}`
}

function station({ stop, y }: Row, drawn: Drawn, chains: readonly string[]): Markup {
  const words = stop.reach === 'ends' ? endWords(drawn) : null
  const name = h`<text x="${textX}" y="${y - 2}" class="hop start ${stop.reach}">${stop.hop}</text>`
  if (words !== null)
    return h`${badge(stop, lineX, y)}${bubble({ x: textX, y: y - 30, width: width - textX - 18, hangs: true }, () => `M${textX + 2} ${y - 11} L${textX - 12} ${y} L${textX + 2} ${y + 11} Z`, { ...words, title: `${stop.hop}: ${words.short}` })}`
  const facts = textLines(linesOf(stop.brief, 42, 2), {
    x: textX,
    y: y + 16,
    step: 15,
    kind: `fact start ${stop.reach}`,
  })
  const rules =
    stop.hop === 'translation' && chains.length > 0
      ? textLines(
          chains.map((chain) => shortened(chain, 36)),
          { x: textX, y: y + 48, step: 15, kind: 'chain start' },
        )
      : nothing
  return h`${badge(stop, lineX, y)}${name}${facts}${rules}`
}

function returning(stop: Stop | undefined, y: number): Markup {
  if (stop === undefined) return nothing
  return h`${badge(stop, lineX, y + 14)}<text x="${textX}" y="${y + 12}" class="hop start ${stop.reach}">${stop.hop}</text>${textLines(linesOf(stop.brief, 42, 1), { x: textX, y: y + 29, step: 15, kind: `fact start ${stop.reach}` })}`
}
