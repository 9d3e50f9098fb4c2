import { expect, test } from '@jest/globals'
import { kept, type JsonObject } from '../../../src/collect/kubernetes/keep.ts'
import { layer2 } from '../../kit/old-metallb.ts'

const dataOf = (namespace: string, name: string, data: JsonObject) =>
  kept({ metadata: { name, namespace }, data, binaryData: { blob: 'aHVzaA==' } }, 'ConfigMap', 'v1')

test('the configuration of MetalLB up to 0.12 is kept, wherever it is installed, and nothing beside it', () => {
  expect(dataOf('networking', 'lb', { config: layer2, other: 'hush' })).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'lb', namespace: 'networking' },
    data: { config: layer2 },
  })
  expect(dataOf('default', 'app', { config: 'user: me', 'app.ini': 'x' })).not.toHaveProperty('data')
  expect(dataOf('kube-system', 'kube-proxy', { 'config.conf': 'mode: ipvs' }).data).toEqual({
    'config.conf': 'mode: ipvs',
  })
})

test.each([
  ['in block style', 'peers:\n- peer-address: 10.0.0.1\n  password: hush, hush\n  my-asn: 1\n'],
  ['as the first key of an entry', 'peers:\n- password: hush\n  my-asn: 1\n'],
  ['over several lines', 'peers:\n- peer-address: 10.0.0.1\n  password: >-\n    hush\n\n    hush\n  my-asn: 1\n'],
  ['in quotes', `peers:\n- "password": "hu,sh}hush"\n  my-asn: 1\n`],
  ['in flow style', 'peers: [{peer-address: 10.0.0.1, password: hush, my-asn: 1}]\n'],
  ['in flow style and quotes', `peers: [{password: 'hu''sh,hush', my-asn: 1}]\n`],
  ['as JSON', '{"peers":[{"password":"hu\\"sh, hush","my-asn":1}]}'],
])('the password of a BGP peer %s is masked', (_, text) => {
  const { config } = dataOf('metallb-system', 'config', { config: text }).data as { config: string }
  expect(config).not.toMatch(/hu|sh\b/)
  expect(config).toContain('"***"')
  expect(config).toMatch(/my-asn"?: ?1/)
})
