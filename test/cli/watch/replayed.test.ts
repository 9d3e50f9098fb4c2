import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { capturePath } from '../../capture/captures.ts'
import { describeNeeding, lacking, testNeeding } from '../../kit/needing.ts'
import { ended, segment, type Ran, type Segment } from './segment.ts'

// Frames of real MetalLB, kube-vip and BGP speakers on a wire again, at their own pace, and heard by both listeners at once.

// Root, for namespaces.
const where = describeNeeding('root', 'tcpdump', 'tcpreplay')

const lan = (vip: string) => ['arp', '--vip', vip, '--fabric', 'lan']
/** Of each recording: what is asked, and how many times faster than recorded it is played. */
const scenarios = {
  'metallb-announce-client': [[...lan('10.240.0.100'), '--until', 'announced'], 1],
  'metallb-failover-client': [lan('10.240.0.105'), 1],
  'kube-vip-client': [lan('10.240.0.5'), 1],
  'kube-vip-failover-client': [lan('10.240.0.5'), 1],
  'two-announcers-client': [lan('10.240.0.103'), 1],
  'metallb-announce-ndp-client': [['ndp', '--vip', 'fd00:240::100', '--fabric', 'lan', '--until', 'announced'], 1],
  'bgp-established': [['bgp', '--peer', '10.240.0.50', '--vip', '10.240.0.100'], 20],
  'bgp-refused': [['bgp', '--peer', '10.240.0.50'], 4],
  'bgp-wrong-asn': [['bgp', '--peer', '10.240.0.50'], 1],
} as const
type Scenario = keyof typeof scenarios

const listeners = { tcpdump: [], libpcap: ['--source', 'libpcap', '--promiscuous'] } as const
type Listener = keyof typeof listeners
const needs = { tcpdump: ['tcpdump'], libpcap: ['the package cap'] } as const

where('recordings played on a wire', () => {
  const segments: Segment[] = []
  const heard = new Map<string, Ran>()

  /** Plays it again if the listener says that it may have lost frames: then the machine had too much else to do. */
  async function play(listener: Listener, name: Scenario, index: number): Promise<void> {
    const wire = segment(`${listener}${String(index)}`, { client: ['10.240.0.250/24', 'fd00:240::250/64'], replay: [] })
    segments.push(wire)
    // A hub: both sides of a recorded session come from one port, where a switch would keep them.
    wire.run('switch', ['ip', 'link', 'set', 'br0', 'type', 'bridge', 'ageing_time', '0'])
    const [args, speed] = scenarios[name]
    const flags = [
      'capture',
      ...args,
      '--interface',
      'eth0',
      '--quiet',
      '--output',
      'json',
      '--duration',
      '90',
      ...listeners[listener],
    ]
    for (let rounds = 0; rounds < 3; rounds += 1) {
      const child = await wire.listener('client', flags)
      const told = ended(child)
      const replay = ['tcpreplay', '--timer=nano', '--intf1=eth0', `--multiplier=${String(speed)}`, capturePath(name)]
      await ended(wire.start('replay', replay))
      await sleep(2000)
      child.kill('SIGINT')
      const ran = await told
      heard.set(`${listener} ${name}`, ran)
      if (conclusionOf(ran).dropped === 0) return
    }
  }
  const conclusionOf = ({ stdout }: Ran) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Conclusion
  beforeAll(async () => {
    const names = Object.keys(scenarios) as Scenario[]
    const able = (Object.keys(listeners) as Listener[]).filter((listener) => lacking(needs[listener]) === null)
    const all = able.flatMap((listener) => names.map((name, index) => play(listener, name, index)))
    await Promise.all(all)
  })
  afterAll(() => {
    for (const each of segments) each.remove()
  })

  describe.each(Object.keys(listeners) as Listener[])('heard by %s', (listener) => {
    const test = testNeeding(...needs[listener])
    const told = (name: string): Ran => heard.get(`${listener} ${name}`) ?? { code: null, stdout: '{}', stderr: '' }

    test.each([
      ['metallb-announce-client', 0, { verdict: 'fine', claimants: [{ mac: '0a:58:0a:f0:00:0a' }] }],
      ['metallb-failover-client', 0, { verdict: 'fine', conclusions: [{ outcome: 'taken-over' }] }],
      ['kube-vip-client', 0, { claimants: [{ mac: '0a:58:0a:f0:00:0a', rhythm: 'kube-vip', unasked: 5 }] }],
      [
        'kube-vip-failover-client',
        0,
        {
          conclusions: [{ outcome: 'taken-over' }],
          takeovers: [{ from: '0a:58:0a:f0:00:0a', to: '0a:58:0a:f0:00:0b' }],
        },
      ],
      ['two-announcers-client', 1, { verdict: 'fault', claimants: [{ rhythm: 'kube-vip' }, { rhythm: 'metallb' }] }],
      ['metallb-announce-ndp-client', 0, { verdict: 'fine', claimants: [{ mac: '0a:58:0a:f0:00:0b' }] }],
      ['bgp-established', 0, { verdict: 'fine' }],
      ['bgp-refused', 1, { verdict: 'fault' }],
      ['bgp-wrong-asn', 1, { verdict: 'fault' }],
    ] as const)('%s', (name, code, truth) => {
      const ran = told(name)
      expect(conclusionOf(ran)).toMatchObject({ type: 'conclusion', ...truth, dropped: 0 })
      expect([ran.stderr, ran.code]).toEqual(['', code])
    })

    test.each([
      ['kube-vip-failover-client', 9.0],
      ['metallb-failover-client', 7.4],
    ])('%s takes as long as it took when it was recorded', (name, seconds) => {
      expect(conclusionOf(told(name)).takeovers[0]?.failoverSeconds).toBeCloseTo(seconds, 0)
    })
  })
})

interface Conclusion {
  readonly dropped: number | string | null
  readonly takeovers: readonly { readonly failoverSeconds: number }[]
}
