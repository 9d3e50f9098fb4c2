import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { keptKeepalivedConf, parseKeepalivedConf } from '../../../src/evidence/node/keepalived-conf.ts'
import { keepalivedConf } from '../../kit/keepalived.ts'

const told = (text: string) =>
  parseKeepalivedConf(text).map(({ name, interface: device, peers, addresses }) => [
    name,
    device,
    peers,
    addresses.map(({ address, device: own, line }) => [address.text, own, line]),
  ])

test.each([
  ['as kubeadm’s manual has it', keepalivedConf('MASTER'), [['VI_1', 'eth0', [], [['10.240.0.5', null, 19]]]]],
  [
    'on few lines, with unicast and a device of its own',
    'vrrp_instance a { interface ens3\n unicast_peer { 10.0.0.2\n 10.0.0.3 }\n virtual_ipaddress { 10.0.0.9/32 dev ens4 label ens4:1 } }',
    [['a', 'ens3', ['10.0.0.2', '10.0.0.3'], [['10.0.0.9', 'ens4', 4]]]],
  ],
  [
    'of two instances, one of IPv6',
    'vrrp_instance a {\n virtual_ipaddress\n {\n fd00::5/64\n }\n}\nvrrp_instance b {\n virtual_ipaddress_excluded {\n 10.0.0.8\n }\n}',
    [
      ['a', null, [], [['fd00::5', null, 4]]],
      ['b', null, [], [['10.0.0.8', null, 9]]],
    ],
  ],
  [
    'of a virtual server, whose addresses are none of VRRP’s',
    'virtual_server 10.0.0.1 443 {\n real_server 10.0.0.2 443 {\n }\n}',
    [],
  ],
  ['without an end', 'vrrp_instance a {\n virtual_ipaddress {\n 10.0.0.9', [['a', null, [], [['10.0.0.9', null, 3]]]]],
  ['that is empty', '', []],
])('a configuration %s', (_, text, instances) => {
  expect(told(text)).toEqual(instances)
})

test('what is kept says the same, and neither password nor script', () => {
  const kept = keptKeepalivedConf(keepalivedConf('BACKUP'))
  expect(kept).toBe(
    'vrrp_instance VI_1 {\n    state BACKUP\n    interface eth0\n    virtual_router_id 51\n    priority 100\n    virtual_ipaddress {\n        10.240.0.5/24\n    }\n}\n',
  )
  expect(keptKeepalivedConf(kept)).toBe(kept)
})

test('any text is read, and what is kept of it is kept again as it is', () => {
  const word = fc.constantFrom(
    'vrrp_instance',
    'x',
    '{',
    '}',
    '\n',
    'virtual_ipaddress',
    '10.0.0.1/8',
    'dev',
    'eth0',
    '!',
    'state',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word).map((words) => words.join(' ')),
      ),
      (text) => {
        const kept = keptKeepalivedConf(text)
        expect(keptKeepalivedConf(kept)).toBe(kept)
      },
    ),
  )
})
