import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseAddress } from '../../../src/net/address.ts'
import { firstRuleOf, parseIptablesSave, rulesOf } from '../../../src/evidence/node/iptables-save.ts'
import { rulesFor } from '../../../src/evidence/node/iptables-index.ts'
import { ruleApplies } from '../../../src/node/trace/match.ts'
import type { Packet } from '../../../src/node/trace/types.ts'

const names = fc.constantFrom('INPUT', 'KUBE-SERVICES', 'KUBE-SVC-A', 'KUBE-SVC-B', 'KUBE-SVC-AB', 'ü')
const rule = fc.record({ name: names, counters: fc.boolean(), target: names })
const written = ({ name, counters, target }: { name: string; counters: boolean; target: string }) =>
  `${counters ? '[1:60] ' : ''}-A ${name} -j ${target}`

/** The rules of a chain as a reader sees them who takes line by line. */
function plainly(text: string, name: string): { line: number; text: string }[] {
  return text.split('\n').flatMap((line, index) => {
    const found = /^(?:\[\d+:\d+\] )?(-A (\S+) .*)$/.exec(line)
    return found?.[2] === name ? [{ line: index + 1, text: found[1] ?? '' }] : []
  })
}

describe('the index over a dump', () => {
  test('finds the rules of each chain in order, however chains are declared and mixed', () => {
    fc.assert(
      fc.property(fc.array(names), fc.array(rule, { maxLength: 40 }), fc.boolean(), (declared, rules, twice) => {
        const table = ['*nat', ...declared.map((name) => `:${name} - [0:0]`), ...rules.map(written), 'COMMIT']
        const text = `${[...table, ...(twice ? table : [])].join('\n')}\n`
        const save = parseIptablesSave('dump', text)
        expect([save.misread, save.cutAt]).toEqual([[], null])
        const chains = save.tables.get('nat')?.chains
        for (const name of ['INPUT', 'KUBE-SERVICES', 'KUBE-SVC-A', 'KUBE-SVC-B', 'KUBE-SVC-AB', 'ü']) {
          const expected = plainly(text, name)
          const chain = chains?.get(name)
          expect(chain !== undefined).toBe(expected.length > 0 || declared.some((one) => one === name))
          if (chain === undefined) continue
          expect(rulesOf(chain).map((one) => ({ line: one.line, text: one.text }))).toEqual(expected)
          expect(chain.size).toBe(expected.length)
          expect(firstRuleOf(chain)?.line).toBe(expected[0]?.line)
        }
        expect(chains?.beginning('KUBE-').rules).toBe(
          (twice ? 2 : 1) * rules.filter(({ name }) => name.startsWith('KUBE-')).length,
        )
      }),
    )
  })

  test('looks up many chains, and says of a name that nobody declared that it is not there', () => {
    const many = Array.from({ length: 200 }, (_, n) => `KUBE-SVC-${String(n)}`)
    const text = `*nat\n${many.map((name) => `:${name} - [0:0]\n`).join('')}${many.map((name) => `-A ${name} -j RETURN\n`).join('')}COMMIT\n`
    const chains = parseIptablesSave('dump', text).tables.get('nat')?.chains
    expect(many.map((name) => chains?.get(name)?.runs[0]?.[2])).toEqual(many.map((_, n) => n + 202))
    expect(chains?.has('KUBE-SVC-200')).toBe(false)
  })

  test('reports what is no rule, and a dump that ends too early', () => {
    const save = parseIptablesSave('dump', '*nat\n:INPUT ACCEPT [0:0]\niptables: oops\n-A INPUT -j ACC')
    expect(save.misread).toEqual([{ line: 3, text: 'iptables: oops' }])
    expect(save.cutAt).toBe(4)
    expect(parseIptablesSave('dump', '-A INPUT -j ACCEPT\n').misread).toHaveLength(1)
  })
})

const address = (text: string) =>
  parseAddress(text) ??
  (() => {
    throw new Error(text)
  })()
const options = fc.constantFrom(
  '-d 10.0.0.1/32 -p tcp',
  '! -d 10.0.0.1/32 -p tcp',
  '-d 10.0.0.0/31 -p tcp',
  '-d 10.0.0.2 -p tcp',
  '-s 10.0.0.9/32 -d 10.0.0.2/32 -p tcp',
  '! -s 10.1.0.0/16 -d 10.0.0.1/32 -p tcp',
  '-s 10.0.0.8/30 -d 10.0.0.2/32 -p tcp',
  '-p tcp -m tcp --dport 80',
  '-p tcp -m tcp ! --dport 80',
  '-p tcp -m tcp --dport 80:90',
  '-p tcp -m comment --comment "not --dport 80 " -m tcp --dport 443',
  '-p udp -m udp --dport 443',
  '-i eth0',
)
const packets = fc.record({
  source: fc.constantFrom('10.0.0.9', '10.1.0.1'),
  destination: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3'),
  destinationPort: fc.constantFrom(80, 443, 85),
})
const world = {
  sets: null,
  addressType: () => null,
  addressOfDevice: () => null,
  bridgePorts: () => null,
  socketFor: () => null,
  reversePath: () => true,
  isTakenAway: () => false,
}

test('passes over no rule of a long chain that the packet meets', () => {
  fc.assert(
    fc.property(fc.array(options, { minLength: 60, maxLength: 80 }), packets, (many, asked) => {
      const text = `*nat\n:LONG - [0:0]\n${many.map((one) => `-A LONG ${one} -j RETURN\n`).join('')}COMMIT\n`
      const chain = parseIptablesSave('dump', text).tables.get('nat')?.chains.get('LONG')
      if (chain === undefined) throw new Error('LONG is not there')
      const packet = {
        source: address(asked.source),
        destination: address(asked.destination),
        destinationPort: asked.destinationPort,
        sourcePort: 40_000,
        protocol: 'tcp',
        inDevice: 'eth0',
        outDevice: null,
      } as Packet
      const met = new Set(rulesFor(chain, packet).map(({ line }) => line))
      for (const one of rulesOf(chain)) if (ruleApplies(one, packet, world) !== 0) expect(met).toContain(one.line)
      // Not by reading everything: a rule for another address is not among them.
      expect(met.size).toBeLessThan(many.length)
    }),
  )
})

test('a chain that is declared very often is found as fast as any other', () => {
  const often = 200_000
  const dump = ['*filter', ...Array<string>(often).fill(':A - [0:0]'), ':B - [0:0]']
  for (let at = 0; at < often; at += 1) dump.push('-A B -j A', '-A A -j RETURN')
  const start = performance.now()
  const { tables } = parseIptablesSave('dump', [...dump, 'COMMIT', ''].join('\n'))
  expect(tables.get('filter')?.chains.get('A')?.size).toBe(often)
  // Each rule looked for among all would take minutes.
  expect(performance.now() - start).toBeLessThan(20_000)
})
