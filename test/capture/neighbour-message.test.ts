import { expect, test } from '@jest/globals'
import { neighbourMessage } from '../../src/capture/neighbour-message.ts'

const mac = '0a580af0000a'
const other = '0a580af00032'
const everybody = 'ffffffffffff'
const nobody = '000000000000'
const vip = '0af00064'
const client = '0af00032'

const arp = (
  operation: '0001' | '0002',
  sender: string,
  senderAddress: string,
  target: string,
  targetAddress: string,
) => `0001080006040${operation.slice(1)}${sender}${senderAddress}${target}${targetAddress}`
const ethernet = (to: string, from: string, payload: string) => `${to}${from}0806${payload}`
const frame = (hex: string, linkType = 1, originalLength = hex.length / 2) =>
  neighbourMessage({ timeNs: 0n, linkType, bytes: Buffer.from(hex, 'hex'), originalLength })

test.each([
  ['a request', '0001', other, client, nobody, vip, 'request', '10.240.0.100'],
  ['an answer', '0002', mac, vip, other, client, 'reply', '10.240.0.100'],
  ['a probe', '0001', mac, '00000000', nobody, vip, 'probe', '10.240.0.100'],
  ["MetalLB's request", '0001', mac, vip, everybody, vip, 'gratuitous request', '10.240.0.100'],
  ["MetalLB's reply", '0002', mac, vip, everybody, vip, 'gratuitous reply', '10.240.0.100'],
  ["kube-vip's reply", '0002', mac, vip, mac, vip, 'gratuitous reply', '10.240.0.100'],
  ['an announcement of RFC 5227', '0001', mac, vip, nobody, vip, 'announcement', '10.240.0.100'],
] as const)(
  '%s is told by its addresses',
  (_name, operation, sender, senderAddress, target, targetAddress, kind, about) => {
    const hex = ethernet(everybody, sender, arp(operation, sender, senderAddress, target, targetAddress))
    expect(frame(hex)).toMatchObject({ kind, about: { text: about }, mac: sender.replace(/(..)(?=.)/g, '$1:') })
  },
)

test('a message is found behind VLAN tags, and in both cooked formats', () => {
  const message = arp('0002', mac, vip, other, client)
  expect(frame(`${everybody}${mac}8100000a0806${message}`)).toMatchObject({ kind: 'reply', vlans: [10] })
  expect(frame(`${everybody}${mac}88a8000b8100000a0806${message}`)).toMatchObject({ kind: 'reply', vlans: [11, 10] })
  expect(frame(`000000010006${mac}00000806${message}`, 113)).toMatchObject({ kind: 'reply', destination: null })
  expect(frame(`080600000000000200010006${mac}0000${message}`, 276)).toMatchObject({ kind: 'reply' })
})

test('a message is found in a data frame of a wireless network, sent from it or into it', () => {
  const snap = 'aaaa030000000806'
  const message = `${snap}${arp('0002', mac, vip, other, client)}`
  const bssid = '0a580af000ff'
  const found = { kind: 'reply', mac: '0a:58:0a:f0:00:0a', destination: '0a:58:0a:f0:00:32' }
  expect(frame(`08020000${other}${bssid}${mac}0000${message}`, 105)).toMatchObject(found)
  expect(frame(`88010000${bssid}${mac}${other}00000000${message}`, 105)).toMatchObject(found)
  expect(frame(`000008000000000008020000${other}${bssid}${mac}0000${message}`, 127)).toMatchObject(found)
  expect(frame(`08420000${other}${bssid}${mac}0000${message}`, 105)).toEqual({
    odd: 'a frame of a wireless network that is encrypted',
    cut: true,
  })
  // A beacon, a data frame without a body.
  expect(frame(`80000000${everybody}${bssid}${bssid}0000${message}`, 105)).toBeNull()
  expect(frame(`48010000${bssid}${mac}${other}0000`, 105)).toBeNull()
})

test('ARP of hardware type 6 is ARP, as Linux has it', () => {
  const message = arp('0002', mac, vip, other, client)
  expect(frame(ethernet(everybody, mac, message.replace(/^0001/, '0006')))).toMatchObject({ kind: 'reply' })
})

const solicitation = `6000000000203aff${'fe80'.padEnd(32, '0')}${'ff02'.padEnd(32, '0')}87000000${'0'.repeat(8)}${'fd00'.padEnd(32, '0')}0101${mac}`

test.each([
  ['ends too early', `${everybody}${mac}080600010800`, 'an ARP message of 4 bytes, where 28 make one'],
  [
    'is for other hardware',
    ethernet(everybody, mac, arp('0002', mac, vip, other, client).replace(/^0001/, '0007')),
    'an ARP message of hardware type 7 and protocol 0x800',
  ],
  [
    'has addresses of another length',
    ethernet(everybody, mac, arp('0002', mac, vip, other, client).replace(/^000108000604/, '000108000610')),
    'an ARP message with addresses of 6 and 16 bytes, where Ethernet and IPv4 have 6 and 4',
  ],
  [
    'is in LLC/SNAP',
    `${everybody}${mac}0024aaaa030000000806${arp('0002', mac, vip, other, client)}`,
    'an ARP message in LLC/SNAP, which Linux does not take on Ethernet',
  ],
])('what %s is odd, and says why', (_, hex, odd) => {
  expect(frame(hex)).toEqual({ odd, cut: false })
})

test('what is neither ARP nor neighbour discovery is nothing', () => {
  expect(frame(`${everybody}${mac}0800${'45'.repeat(40)}`)).toBeNull()
  expect(frame(`${everybody}${mac}`)).toBeNull()
  expect(frame(`${everybody}${mac}86dd${solicitation}`)).toMatchObject({ kind: 'solicitation' })
  // Not version 6, whatever the EtherType says.
  expect(frame(`${everybody}${mac}86dd4${solicitation.slice(1)}`)).toBeNull()
})

test('a frame that the capture cut is said to be cut, wherever', () => {
  const whole = [
    ethernet(everybody, mac, arp('0002', mac, vip, other, client)),
    `${everybody}${mac}86dd${solicitation}`,
  ]
  for (const hex of whole)
    for (let bytes = 1; bytes < hex.length / 2; bytes += 1)
      expect(frame(hex.slice(0, bytes * 2), 1, hex.length / 2)).toEqual({
        odd: expect.stringContaining(`, cut to ${String(bytes)} bytes in the capture (tcpdump -s 0 keeps all)`),
        cut: true,
      })
  // Padding may be cut off.
  expect(frame(whole[0] ?? '', 1, 60)).toMatchObject({ kind: 'reply' })
})
