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
const frame = (hex: string, linkType = 1) => {
  const bytes = Buffer.from(hex, 'hex')
  return neighbourMessage({ timeNs: 0n, linkType, bytes, originalLength: bytes.length })
}

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

test('what is odd is described', () => {
  expect(frame(`${everybody}${mac}080600010800`)).toBe('an ARP message of 4 bytes, which should have 28')
  expect(frame(ethernet(everybody, mac, arp('0002', mac, vip, other, client).replace(/^0001/, '0006')))).toBe(
    'an ARP message of hardware type 6 and protocol 0x800',
  )
  expect(frame(`${everybody}${mac}0800${'45'.repeat(40)}`)).toBeNull()
  expect(frame(`${everybody}${mac}`)).toBeNull()
})
