import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { keptNodeFile } from '../../../src/collect/node/keep-file.ts'
import { redacted } from '../../../src/collect/redact.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { keptPacemakerCib, parsePacemakerCib } from '../../../src/evidence/node/pacemaker-cib.ts'
import { cibOf, fencingPassword, ipaddr2 } from '../../kit/pacemaker.ts'

const file = 'nodes/a/pacemaker-cib.xml'

const told = (text: string) => {
  const cib = parsePacemakerCib(file, text)
  return isGap(cib)
    ? cib.reason
    : cib.addresses.map(({ resource, address, device, netmask }) => [resource, address.text, device, netmask])
}

const role = (value: string): string =>
  `<meta_attributes id="m-${value}"><nvpair id="r-${value}" name="target-role" value="${value}"/></meta_attributes>`
const vip = ipaddr2('vip', '10.240.0.5')
const held = [['vip', '10.240.0.5', 'eth0', '24']]

test.each([
  ['by itself', vip, held],
  ['in a group', `<group id="g">${vip}<primitive id="haproxy" class="systemd" type="haproxy"/></group>`, held],
  [
    'in a group in a clone',
    `<clone id="c"><meta_attributes id="m"/><group id="g">${vip}</group>${role('Started')}</clone>`,
    held,
  ],
  ['told to be stopped', ipaddr2('vip', '10.240.0.5', role('Stopped')), []],
  ['in a group that is told to be stopped', `<group id="g">${vip}${role('stopped')}</group>`, []],
  [
    'started in a group that is told to be stopped',
    `<group id="g">${ipaddr2('vip', '10.240.0.5', role('Started'))}${role('Stopped')}</group>`,
    held,
  ],
  ['that one set of two stops', ipaddr2('vip', '10.240.0.5', `${role('Stopped')}${role('Started')}`), held],
  ['in a bundle, whose containers have it', `<bundle id="b"><podman image="i"/>${vip}</bundle>`, []],
  [
    'of IPv6, of the older agent, with its attributes in another order',
    "<primitive type='IPaddr' provider='heartbeat' class='ocf' id='six'><instance_attributes id='i'><nvpair value='FD00::5' name='ip' id='n'/></instance_attributes></primitive>",
    [['six', 'fd00::5', null, null]],
  ],
  [
    'by a template, and by a set of another resource',
    `<template id="t" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="ti"><nvpair id="tn" name="nic" value="bond0"/></instance_attributes></template>
     <primitive id="a" template="t"><instance_attributes id="ai"><nvpair id="an" name="ip" value="10.0.0.1"/></instance_attributes></primitive>
     <primitive id="b" template="t"><instance_attributes id-ref="ai"/></primitive>`,
    [
      ['a', '10.0.0.1', 'bond0', null],
      ['b', '10.0.0.1', 'bond0', null],
    ],
  ],
  ['with a comment and written out', vip.replace('10.240.0.5', '10.240.0&#46;&#x35;') + '<!-- <b> -- & -->', held],
])('an address %s', (_, resources, addresses) => {
  expect(told(cibOf(resources))).toEqual(addresses)
})

/** What `cibadmin --query` of Pacemaker 2.1.5 printed of resources that it was given by `cibadmin --create`. */
const printed = String.raw`<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="5" num_updates="0" admin_epoch="0">
  <configuration>
    <crm_config/>
    <nodes>
      <node id="1" uname="controller-0"/>
      <node id="2" uname="controller-1"/>
    </nodes>
    <resources>
      <primitive id="fence" class="stonith" type="fence_ipmilan">
        <instance_attributes id="fence-ia">
          <nvpair id="fence-ip" name="ip" value="192.0.2.77"/>
          <nvpair id="fence-pw" name="password" value="c4lvin&quot;&amp;&lt;h0b&gt;bes"/>
        </instance_attributes>
      </primitive>
      <clone id="c">
        <group id="g">
          <primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2">
            <instance_attributes id="vip-ia">
              <nvpair id="vip-ip" name="ip" value="10.240.0.5"/>
              <nvpair id="vip-nic" name="nic" value="eth0"/>
            </instance_attributes>
            <meta_attributes id="vip-m">
              <nvpair id="vip-tr" name="target-role" value="Started"/>
            </meta_attributes>
          </primitive>
        </group>
      </clone>
    </resources>
    <constraints/>
  </configuration>
  <status/>
</cib>
`

test('a CIB as cibadmin prints it is read, and written out again it says the same', () => {
  const addresses = [['vip', '10.240.0.5', 'eth0', null]]
  expect(told(printed)).toEqual(addresses)
  const kept = keptPacemakerCib(file, printed)
  expect(told(kept as string)).toEqual(addresses)
  expect(kept).not.toMatch(/c4lvin|192\.0\.2/)
})

test('where it stands is its tag alone, with nothing that stands beside it', () => {
  const oneLine = cibOf(vip).replaceAll(/\n\s*/g, '')
  const cib = parsePacemakerCib(file, oneLine)
  expect(isGap(cib) ? cib : cib.addresses).toMatchObject([
    { line: 1, tag: '<nvpair id="vip-instance_attributes-ip" name="ip" value="10.240.0.5"/>' },
  ])
  expect(parsePacemakerCib(file, cibOf(vip))).toMatchObject({
    members: ['controller-0', 'controller-1'],
    addresses: [{ line: 27 }],
  })
})

const notXml = (line: number) =>
  expect.stringMatching(new RegExp(`^not XML of elements and attributes alone: .* line ${String(line)}$`))
const cutOff = expect.stringMatching(/^cut off: parsing stopped at line \d+$/)

test.each([
  [
    'a name in the place of the address',
    ipaddr2('vip', 'vip.example'),
    'line 27: the ip of a primitive of IPaddr2 is no address',
  ],
  [
    'no address at all',
    '<primitive id="x" class="ocf" provider="heartbeat" type="IPaddr2"/>',
    'line 24: a primitive of IPaddr2 without an ip',
  ],
  [
    'a set that is not there',
    '<primitive id="x" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id-ref="y"/></primitive>',
    'line 24: a primitive of IPaddr2 without an ip',
  ],
  [
    'a template that is not there',
    '<primitive id="x" template="y"/>',
    'line 24: a primitive whose template is not there',
  ],
  ['an entity of its own', '<a b="&c4lvin;"/>', notXml(24)],
  ['a reference to no character', '<a b="&#1114112;"/>', notXml(24)],
  ['a bare ampersand', '<a b="a&b"/>', notXml(24)],
  ['CDATA', '<a><![CDATA[<primitive/>]]></a>', notXml(24)],
  ['text', '<a>10.0.0.9</a>', notXml(24)],
  ['a processing instruction', '<?php x?>', notXml(24)],
  ['an attribute twice', '<a b="1" b="2"/>', notXml(24)],
  ['an attribute without quotes', '<a b=1/>', notXml(24)],
  ['elements that overlap', '<a><b></a></b>', notXml(24)],
  ['elements without an end', '<a>', notXml(25)],
])('a CIB with %s is a gap', (_, resources, reason) => {
  expect(told(cibOf(resources))).toEqual(reason)
})

test.each([
  ['a DOCTYPE', `<!DOCTYPE cib [<!ENTITY x SYSTEM "file:///etc/shadow">]>\n${cibOf(vip)}`, notXml(1)],
  ['two roots', `${cibOf(vip)}<cib/>`, notXml(46)],
  ['nothing in it', '', cutOff],
  ['a comment without an end', `<!-- ${cibOf(vip)}`, cutOff],
  ['another root', '<crm_mon/>', expect.stringMatching(/^not what its name says/)],
  ['no list of nodes', '<cib><configuration><resources/></configuration></cib>', expect.stringMatching(/^not what/)],
  [
    'a node that could be a path',
    '<cib><configuration><nodes><node uname="../x"/></nodes><resources/></configuration></cib>',
    'line 1: a node without the name of a host',
  ],
])('a file with %s is a gap', (_, text, reason) => {
  expect(told(text)).toEqual(reason)
})

test('a CIB is read with the declaration and the line ends of any system', () => {
  expect(told(`<?xml version="1.0" encoding="utf-8"?>\r\n${cibOf(vip).replaceAll('\n', '\r\n')}`)).toEqual(held)
})

test('one that is cut off at any place is a gap, and never fewer addresses', () => {
  const short = (ip: string) =>
    `<primitive id="a" class="ocf" type="IPaddr2"><instance_attributes><nvpair name="ip" value="${ip}"/></instance_attributes></primitive>`
  const whole = `<cib><configuration><nodes/><resources>${short('10.0.0.1')}${short('10.0.0.2')}</resources></configuration></cib>`
  expect(told(whole)).toHaveLength(2)
  for (let end = 0; end < whole.length; end += 1) expect(typeof told(whole.slice(0, end))).toBe('string')
})

test.each([
  ['elements that begin', '<a>', notXml(1)],
  ['elements', '<a/>', notXml(1)],
  ['comments that begin', '<!-- ', cutOff],
  ['attributes', '<a b="', cutOff],
  ['references', '&amp;', cutOff],
  ['references in an attribute', '&amp;', notXml(1)],
  ['blanks', ' ', cutOff],
])('megabytes of %s take no time', (what, part, reason) => {
  const many = part.repeat(Math.floor((4 * 2 ** 20) / part.length))
  const text = what.endsWith('attribute') ? `<cib a="${many}"/>!>` : `<cib>${many}`
  const start = process.cpuUsage()
  const got = told(text)
  const { user, system } = process.cpuUsage(start)
  expect(got).toEqual(reason)
  expect((user + system) / 1e6).toBeLessThan(5)
})

test('a file that no cluster has is not read', () => {
  expect(told(`${cibOf(vip)}${' '.repeat(8 * 2 ** 20)}`)).toBe('not read: longer than 8388608 characters')
})

test('of a CIB the addresses are kept and the nodes, and no password, whatever stands in it', () => {
  const text = cibOf(vip)
  const kept = keptNodeFile('pacemaker-cib.xml', Buffer.from(text))
  const keptText = Buffer.from(kept as Uint8Array).toString()
  expect(keptText).toBe(`<cib>
  <configuration>
    <nodes>
      <node uname="controller-0"/>
      <node uname="controller-1"/>
    </nodes>
    <resources>
      <primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2">
        <instance_attributes>
          <nvpair name="ip" value="10.240.0.5"/>
          <nvpair name="nic" value="eth0"/>
          <nvpair name="cidr_netmask" value="24"/>
        </instance_attributes>
      </primitive>
    </resources>
  </configuration>
</cib>
`)
  expect(text).toContain(fencingPassword)
  expect(told(keptText)).toEqual(told(text))
  expect(keptPacemakerCib(file, keptText)).toBe(keptText)
  const broken = keptNodeFile('pacemaker-cib.xml', Buffer.from(text.replace('</cib>', `<${fencingPassword}`)))
  expect(JSON.stringify(broken)).not.toContain(fencingPassword)
  expect(broken).toEqual({ reason: cutOff })
})

test('any text is a gap or is kept as it was kept', () => {
  const part = fc.constantFrom(
    ...['<cib>', '</cib>', '<configuration>', '</configuration>', '<nodes>', '</nodes>', '<resources>', '</resources>'],
    ...['<node uname="a"/>', vip, '<group id="g">', '</group>', '<!-- x -->', '\n', role('Stopped'), '"', '&', '<'],
  )
  const whole = fc.array(part, { maxLength: 4 }).map((parts) => cibOf(parts.join('')))
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        whole,
        fc.array(part).map((parts) => parts.join('')),
      ),
      (text) => {
        const kept = keptPacemakerCib(file, text)
        if (!isGap(kept)) expect(keptPacemakerCib(file, kept)).toBe(kept)
      },
    ),
  )
})

test('--redact gives its addresses and its nodes the stand-ins that they have elsewhere', () => {
  const text = keptPacemakerCib(file, cibOf(ipaddr2('vip', '52.17.3.9'), ['controller-0', 'witness-1']))
  const { files } = redacted(
    new Map([
      ['bundle.json', Buffer.from('{"format": "vipdoctor-bundle", "version": 1, "files": []}')],
      ['nodes/controller-0/pacemaker-cib.xml', Buffer.from(text as string)],
      ['nodes/controller-0/ss-listen.txt', Buffer.from('tcp LISTEN 0 128 52.17.3.9:6443 0.0.0.0:*\n')],
    ]),
  )
  const hidden = Buffer.from(files.get('nodes/node-01/pacemaker-cib.xml') ?? []).toString()
  const address = /LISTEN 0 128 ([\d.]+):6443/.exec(
    Buffer.from(files.get('nodes/node-01/ss-listen.txt') ?? []).toString(),
  )?.[1]
  expect(address).not.toBe('52.17.3.9')
  expect(told(hidden)).toEqual([['vip', address, 'eth0', '24']])
  expect(hidden).toContain('<node uname="node-01"/>\n      <node uname="host-01"/>')
})
