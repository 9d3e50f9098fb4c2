import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { found } from '../../kit/found.ts'
import { controlPlaneVip, withAddress } from '../../kit/keepalived.ts'
import { cibOf, fencingPassword, ipaddr2, pacemakerCluster } from '../../kit/pacemaker.ts'

const id = 'announcement/not-held'
const target = `${controlPlaneVip}:6443`
const bastion = '10.240.0.50'

test('the VIP of Pacemaker is reachable at the node that has it, and so is another than the control plane’s', async () => {
  const { verdict, receiving } = diagnosisOf(await pacemakerCluster(), target, bastion)
  expect([verdict, receiving]).toEqual(['reachable', { by: 'announcer', nodes: ['controller-1'] }])
  const other = await pacemakerCluster({
    bound: [],
    cib: cibOf(`      <group id="edge">\n${ipaddr2('edge-vip', '10.240.0.77')}\n      </group>`),
    changes: withAddress('controller-0', '10.240.0.77'),
  })
  const edge = diagnosisOf(other, '10.240.0.77:6443', bastion)
  expect([edge.verdict, edge.receiving]).toEqual(['reachable', { by: 'announcer', nodes: ['controller-0'] }])
})

test('that no node has it is the cause, with what shows why', async () => {
  const { verdict, causes } = diagnosisOf(await pacemakerCluster({ bound: [] }), target, bastion)
  expect([verdict, causes.map((cause) => cause.id)]).toEqual(['unreachable', [id]])
  expect(causes[0]).toMatchObject({
    reason: 'held-by-nobody',
    says: 'Pacemaker is configured with 10.240.0.5 on controller-0 and controller-1, and no node has the address: its resource runs on no node.',
    look: expect.arrayContaining(['ssh controller-0 sudo crm_mon --one-shot --inactive --failcounts']),
  })
  expect(causes[0]?.proof[0]).toEqual({
    file: 'nodes/controller-0/pacemaker-cib.xml',
    line: 27,
    value: '<nvpair id="vip-instance_attributes-ip" name="ip" value="10.240.0.5"/>',
  })
})

test('so is that it runs nowhere', async () => {
  const { causes } = diagnosisOf(await pacemakerCluster({ bound: [], running: [] }), target, bastion)
  expect(causes[0]).toMatchObject({
    id,
    reason: 'pacemaker-not-running',
    says: 'Pacemaker is configured with 10.240.0.5 on controller-0 and controller-1, and runs on none of them: no host answers for the address.',
    fix: { commands: expect.arrayContaining(['ssh controller-1 sudo systemctl enable --now pacemaker']) },
  })
})

const stopped = '<meta_attributes id="m"><nvpair id="r" name="target-role" value="Stopped"/></meta_attributes>'

test.each([
  ['another node of Pacemaker was not read', cibOf(ipaddr2('vip', controlPlaneVip), ['controller-0', 'witness'])],
  ['its resource is told to be stopped', cibOf(ipaddr2('vip', controlPlaneVip, stopped))],
  ['the CIB is cut off', cibOf(ipaddr2('vip', controlPlaneVip)).replace('</cib>', '')],
  ['the CIB was not read', null],
])('where nobody has it and %s, who holds it is not known', async (_, cib) => {
  const evidence = await pacemakerCluster({ bound: [], cib })
  expect(diagnosisOf(evidence, target, bastion).verdict).toBe('inconclusive')
  expect(found(evidence, id, target, bastion)[0]?.[0]).toBe('unknown')
})

test('two parts of its cluster that both have it are told, with what Corosync needs', async () => {
  const { findings } = diagnosisOf(await pacemakerCluster({ bound: ['controller-0', 'controller-1'] }), target, bastion)
  const twice = findings.find((one) => one.id === 'announcement/vip-bound-twice')
  expect(twice).toMatchObject({ status: 'fail', says: expect.stringContaining('takes the other for dead'), fix: null })
  expect(twice?.advice).toContain('udp/5405')
})

test('nothing of the fencing device stands in any finding', async () => {
  const oneLine = cibOf(ipaddr2('vip', controlPlaneVip)).replaceAll(/\n\s*/g, '')
  expect(oneLine).toContain(fencingPassword)
  const { causes, findings } = diagnosisOf(await pacemakerCluster({ bound: [], cib: oneLine }), target, bastion)
  expect(causes[0]?.id).toBe(id)
  expect(JSON.stringify([causes, findings])).not.toMatch(/c4lvin|fencing-admin|192\.0\.2\.77/)
})
