import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { variant } from '../../kit/fixtures.ts'
import { foundIn } from '../../kit/found.ts'

const id = 'translation/ipvs-no-destination'
const file = 'nodes/worker-0/proc-net-ip_vs.txt'
const service = /(TCP {2}0AF00064:0050 rr {2}\n)((?: {2}->.*\n)+)/

test('a virtual server with real servers passes', async () => {
  expect(await foundIn('ipvs', id)).toEqual([['pass', 'IPVS on worker-0 has 2 real servers for 10.240.0.100:80.']])
})

test.each([
  [
    'without real servers',
    '$1',
    'The virtual server 10.240.0.100:80 of IPVS on worker-0 has no real server, so the kernel rejects the packet.',
  ],
  [
    'with weights of 0',
    null,
    'The virtual server 10.240.0.100:80 of IPVS on worker-0 takes no new connections: all its 2 real servers have weight 0.',
  ],
])('%s it is the cause, and the reject only follows', async (_, replacement, says) => {
  const evidence = await variant('ipvs', {
    [file]: (text) =>
      replacement === null
        ? text.replace(service, (whole: string) => whole.replaceAll('Masq    1 ', 'Masq    0 '))
        : text.replace(service, replacement),
  })
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes[0]?.id, causes[0]?.status, causes[0]?.says]).toEqual(['unreachable', id, 'fail', says])
  expect(causes[0]?.consequences.map((one) => one.id)).toEqual(['translation/no-endpoints-reject'])
})

test('does not apply to the other modes', async () => {
  expect((await foundIn('hard-way-healthy', id))[0]?.[0]).toBe('skipped')
})
