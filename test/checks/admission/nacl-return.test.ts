import { expect, test } from '@jest/globals'
import check from '../../../src/checks/admission/nacl-return.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { byId, edited, entry, ids } from '../../fabric/ec2/edits.ts'

const egressOnly = (first: number, last: number) =>
  edited('hard-way-healthy', {
    acls: (acls) => {
      const acl = byId(acls, ids.acl)
      acl.Entries = [
        ...acl.Entries.filter((one: { Egress: boolean }) => !one.Egress),
        entry({ number: 100, action: 'allow', egress: true, port: first, to: last }),
      ]
    },
  })

test('fails in part where only the range of another system is open, and names the first closed port', async () => {
  const [draft] = runCheck(check, ask(await egressOnly(49152, 65535), { client: '10.240.1.50' }))
  expect([draft?.status, draft?.partial]).toEqual(['fail', true])
  expect(draft?.says).toBe(
    `${ids.acl} of ${ids.subnet} refuses answers to tcp from 10.240.0.100 on the way out (to 10.240.1.50), from port 32768 to 49151 of the client: no rule admits it. Connections from its other ports work.`,
  )
  // Whatever its system, a client gets its answers then.
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 create-network-acl-entry --network-acl-id ${ids.acl} --egress --rule-number 200 --protocol tcp --port-range From=1024,To=65535 --cidr-block 10.240.1.50/32 --rule-action allow`,
  ])
})

test('fails whole where no answer may leave', async () => {
  const [draft] = runCheck(check, ask(await egressOnly(443, 443), { client: '10.240.1.50' }))
  expect([draft?.status, draft?.partial]).toEqual(['fail', false])
})

test("fails where the client's own subnet refuses the answers", async () => {
  const evidence = await edited('hard-way-healthy', {
    acls: (acls) => {
      const acl = byId(acls, ids.acl)
      acls.push({
        NetworkAclId: 'acl-other',
        VpcId: ids.vpc,
        Associations: [{ SubnetId: ids.other, NetworkAclId: 'acl-other' }],
        Entries: [
          entry({ number: 100, action: 'allow', port: 22 }),
          entry({ number: 100, action: 'allow', egress: true }),
        ],
      })
      acl.Associations = acl.Associations.filter((one: { SubnetId: string }) => one.SubnetId !== ids.other)
    },
  })
  const [draft] = runCheck(check, ask(evidence, { client: '10.240.1.50' }))
  expect(draft?.status).toBe('fail')
  expect(draft?.says).toMatch(/^acl-other of subnet-397f6f0d53e3fdacd refuses answers .* on the way in/)
})

test('passes where the whole Linux range is open', async () => {
  expect(says(check, await egressOnly(32768, 60999), { client: '10.240.1.50' })[0]).toBe('pass')
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
})

test('asks more of the internet, whose hosts stand behind translators', async () => {
  expect(says(check, await egressOnly(32768, 60999), { client: 'internet' })[0]).toBe('fail')
})
