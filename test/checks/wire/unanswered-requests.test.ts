import { expect, test } from '@jest/globals'
import check from '../../../src/checks/wire/unanswered-requests.ts'
import { withCaptures } from '../../capture/captures.ts'
import { editJson, fixture, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { diagnosisOf } from '../../kit/answers.ts'

test('fails where nobody answered in a capture that works', async () => {
  const evidence = await withCaptures('captured-vpc-unowned', { 'client/c': 'vpc-unowned-client' })
  const [draft] = runCheck(check, ask(evidence))
  expect(draft).toMatchObject({
    status: 'fail',
    says: expect.stringMatching(
      /^10\.240\.0\.100 was asked for 6 times, and nobody answered\. The capture works: 10\.240\.0\.11 /,
    ),
  })
  expect(draft?.look).toEqual([
    'aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=10.240.0.100',
  ])
})

test('is what follows from an address that nobody owns, not a second cause', async () => {
  const evidence = await withCaptures('captured-vpc-unowned', { 'client/c': 'vpc-unowned-client' })
  const { causes, verdict } = diagnosisOf(evidence, '10.240.0.100')
  expect(verdict).toBe('unreachable')
  expect(causes.map(({ id }) => id)).toEqual(['delivery/vip-not-owned'])
  expect(causes[0]?.consequences.map(({ id }) => id)).toContain('wire/unanswered-requests')
})

test('passes where the one who asked was answered', async () => {
  const evidence = await withCaptures('captured-vpc-owned', { 'client/c': 'vpc-owned-client' })
  expect(says(check, evidence)).toEqual(['pass', '10.240.0.100 was asked for and answered.'])
})

test('does not apply without a capture', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })[0]).toBe('skipped')
})

const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']
const moved = (text: string) => text.replaceAll('10.240.0.100', '10.240.0.109')
/** The VIP of the recording is 10.240.0.109, in the Service and in the nodes' rules. */
const served = {
  'kubernetes/services.json': moved,
  ...Object.fromEntries(nodes.map((node) => [`nodes/${node}/iptables-nft-save.txt`, moved])),
}

/** The LAN on which 10.240.0.109 was asked for in vain, as its VIP; the announcer's card and link as they are told. */
const deaf = async (card: Json, rename = 'eth0') => {
  const named = (text: string) => text.replaceAll('"eth0"', `"${rename}"`)
  return withCaptures(
    'lan-healthy',
    { 'client/c': 'silence-client' },
    {
      ...served,
      'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => (list.items = [])),
      ...Object.fromEntries(
        nodes.flatMap((node) => [
          [`nodes/${node}/ip-addr.json`, named],
          [`nodes/${node}/ip-route.json`, named],
          [
            `nodes/${node}/ip-link.json`,
            (text: string) =>
              JSON.stringify([
                ...JSON.parse(named(text)).map((link: Json) => (link.ifname === rename ? { ...link, ...card } : link)),
                ...(card.linkinfo === undefined ? [] : [{ ifname: 'ens3', master: rename, flags: ['UP'] }]),
              ]),
          ],
        ]),
      ),
    },
  )
}
const unanswered = async (card: Json, rename?: string) => {
  const evidence = await deaf(card, rename)
  const { verdict, causes } = diagnosisOf(evidence, '10.240.0.109', '10.240.0.50')
  expect([verdict, causes.map(({ id }) => id)]).toEqual(['unreachable', ['wire/unanswered-requests']])
  return causes[0]
}

test('a wireless device that is not promiscuous is the suspicion, with what lets it hear', async () => {
  const cause = await unanswered({}, 'wlan0')
  expect(cause?.says).toMatch(/ hears requests by wlan0, a wireless device that is not promiscuous: /)
  expect(cause?.fix?.commands).toEqual([expect.stringMatching(/^ssh \S+ sudo ip link set wlan0 promisc on$/)])
  const heard = await unanswered({ flags: ['BROADCAST', 'PROMISC', 'UP', 'LOWER_UP'] }, 'wlp3s0')
  expect([heard?.says, heard?.fix]).toEqual([expect.not.stringContaining('wireless'), null])
})

test.each<[string, Json, RegExp, RegExp]>([
  ['a bridge', { linkinfo: { info_kind: 'bridge' } }, / by the bridge eth0, which is not promiscuous: /, /^$/],
  ['VMware', { address: '00:50:56:AA:00:01' }, / virtual card of VMware, /, /forged transmits, MAC address changes/],
  ['Proxmox', { address: 'bc:24:11:aa:00:01' }, / virtual card of Proxmox, /, /ipfilter-net0/],
  ['libvirt', { address: '52:54:00:aa:00:01' }, / virtual card of QEMU, /, /no-arp-spoofing/],
  ['Hyper-V', { address: '00:15:5d:aa:00:01' }, / virtual card of Hyper-V, /, /MacAddressSpoofing/],
])('what is known of %s is told where nobody answered', async (_, card, says, advice) => {
  const cause = await unanswered(card)
  expect(cause?.says).toMatch(says)
  expect(cause?.advice ?? '').toMatch(advice)
})

test('on vSphere the port group is the first suspicion, and the verdict waits for it', async () => {
  const evidence = await withCaptures(
    'lan-healthy',
    { 'client/c': 'silence-client' },
    {
      ...served,
      'kubernetes/nodes.json': editJson((list: Json) => {
        for (const { spec, metadata } of list.items) spec.providerID = `vsphere://${metadata.name}`
      }),
    },
  )
  const { verdict, findings } = diagnosisOf(evidence, '10.240.0.109', '10.240.0.50')
  const finding = findings.find(({ id }) => id === 'wire/unanswered-requests')
  expect([verdict, finding?.status, finding?.look[0]]).toEqual([
    'inconclusive',
    'fail',
    expect.stringMatching(/^govc vm\.info -e \S+$/),
  ])
  expect(finding?.advice).toMatch(/forged transmits, MAC address changes, promiscuous mode/)
})
