import { expect } from '@jest/globals'
import { mayBeNeighbour } from '../../../src/capture/link.ts'
import { spawned } from '../../../src/capture/sources/running.ts'
import { nodeSource } from '../../../src/collect/node/listen.ts'
import { testNeeding } from '../../kit/needing.ts'
import { ended, segment } from './segment.ts'

// Root, for namespaces.
const byTcpdump = testNeeding('root', 'tcpdump')
const byLibpcap = testNeeding('root', 'the package cap')

const asked = ['capture', 'arp', '--vip', '10.240.0.100', '--fabric', 'lan', '--interface', 'eth0', '--duration', '120']
const libpcap = [...asked, '--source', 'libpcap', '--promiscuous']

const down = 'eth0 went\\s+down, or is\\s+no\\s+more'
const ways = [
  ['tcpdump', byTcpdump, asked, `(?:tcpdump .+|${down})`],
  ['libpcap', byLibpcap, libpcap, down],
] as const
const ends = [
  ['goes away', ['ip', 'link', 'delete', 'eth0']],
  ['goes down', ['ip', 'link', 'set', 'eth0', 'down']],
] as const

for (const [name, where, args, why] of ways)
  where.each(ends)(`an interface that %s while ${name} listens ends the capture, which says so`, async (_, end) => {
    const gone = segment('gone', { host: ['10.240.0.60/24'] })
    try {
      const watching = await gone.listener('host', args)
      const run = ended(watching)
      gone.run('host', end)
      const { code, stdout } = await run
      expect(code).toBe(3)
      expect(stdout).toMatch(
        new RegExp(
          `^Ended early: after \\d+\\.\\d s \\(${why}\\); what is\\s+concluded is\\s+of that\\s+time alone\\.$`,
          'm',
        ),
      )
    } finally {
      gone.remove()
    }
  })

byTcpdump.each(ends)('an interface of a node that %s ends what is heard there', async (_, end) => {
  const gone = segment('node', { host: ['10.240.0.60/24'] })
  try {
    const place = { interfaceName: 'eth0', vip: null, address: null, root: null }
    const options = { promiscuous: false, filter: 'arp', snapLength: 128 }
    const source = nodeSource({ node: 'worker-0', address: '' }, place, options, (_target, command, work) =>
      work(spawned(['ip', 'netns', 'exec', gone.space('host'), ...command])),
    )
    const nothing = (): void => undefined
    const { early } = await source.read(mayBeNeighbour, nothing, AbortSignal.timeout(60_000), () => {
      gone.run('host', end)
    })
    expect(early?.why).toMatch(/^(?:tcpdump said: .*disappeared|eth0 went down, or is no more)$/)
    expect(early?.seconds).toBeLessThan(30)
  } finally {
    gone.remove()
  }
})
