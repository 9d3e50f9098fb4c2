import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/ipvs-input-drop'
const closed = (text: string) => text.replace(':INPUT ACCEPT [0:0]', ':INPUT DROP [0:0]')

test('a firewall that closes INPUT cuts off the VIP in IPVS mode', async () => {
  const evidence = await variant('ipvs', { 'nodes/worker-0/iptables-nft-save.txt': closed })
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes[0]?.id, causes[0]?.status, causes[0]?.says]).toEqual([
    'unreachable',
    id,
    'fail',
    'worker-0 drops the packet to 10.240.0.100:80 in filter chain INPUT, before IPVS can translate it: in IPVS mode a VIP is an address of the node and passes its INPUT rules.',
  ])
  expect(causes.map((one) => one.id)).not.toContain('forwarding/forward-drop')
})

test('an opening for the port lets it through', async () => {
  const evidence = await variant('ipvs', {
    'nodes/worker-0/iptables-nft-save.txt': (text) =>
      closed(text).replace('[45:17034] -A INPUT', '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\n[45:17034] -A INPUT'),
  })
  expect(found(evidence, id)).toEqual([['pass', 'The INPUT rules of worker-0 let the packet through to IPVS.']])
})

test('in iptables mode a closed INPUT is not in the way', async () => {
  const evidence = await variant('hard-way-healthy', { 'nodes/controller-0/iptables-nft-save.txt': closed })
  expect(found(evidence, id)[0]?.[0]).toBe('skipped')
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
  expect((await foundIn('ipvs', id))[0]?.[0]).toBe('pass')
})
