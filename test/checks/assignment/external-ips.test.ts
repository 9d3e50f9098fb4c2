import { expect, test } from '@jest/globals'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found } from '../../kit/found.ts'

const id = 'assignment/external-ips'

/** The recording's Service with an address of the subnet in externalIPs besides its VIP; `more` are further changes. */
const withExternalIp = (recording: string, more: Readonly<Record<string, ReturnType<typeof editJson>>> = {}) =>
  variant(recording, {
    'kubernetes/services.json': editJson((list) => {
      const service = list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb')
      service.spec.externalIPs = ['10.240.0.150']
    }),
    ...more,
  })

test('fails on a LAN where no node holds the address, and says how to ask MetalLB for it', async () => {
  const evidence = await withExternalIp('lan-healthy')
  expect(found(evidence, id, '10.240.0.150:80', '10.240.0.50')).toEqual([
    [
      'fail',
      '10.240.0.150 stands in spec.externalIPs of Service default/nginx-lb only: kube-proxy translates it, but nobody gives or announces it, so no host of the LAN is told who has it.',
    ],
  ])
})

test('passes where a node holds the address', async () => {
  const evidence = await withExternalIp('lan-healthy', {
    'nodes/worker-0/ip-addr.json': editJson((links) => {
      links[1].addr_info.push({ family: 'inet', local: '10.240.0.150', prefixlen: 32, scope: 'global' })
    }),
  })
  expect(found(evidence, id, '10.240.0.150:80', '10.240.0.50')).toEqual([
    ['pass', 'Service default/nginx-lb has 10.240.0.150 in its externalIPs, and worker-0 holds it.'],
  ])
})

test('does not know it where the nodes were not read', async () => {
  const evidence = await variant('lan-healthy', {
    'nodes/': null,
    'kubernetes/services.json': editJson((list) => {
      list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.externalIPs = ['10.240.0.150']
    }),
  })
  expect(found(evidence, id, '10.240.0.150:80', '10.240.0.50').map(([status]) => status)).toEqual(['unknown'])
})

test('leaves it to the network on EC2: there ownership decides', async () => {
  const evidence = await withExternalIp('hard-way-healthy')
  expect(found(evidence, id, '10.240.0.150:80', '10.240.0.50').map(([status]) => status)).toEqual(['pass'])
})

test('says nothing of a VIP that the Service was given', async () => {
  expect(found(await withExternalIp('lan-healthy'), id, '10.240.0.100:80', '10.240.0.50')[0]?.[0]).toBe('skipped')
})
