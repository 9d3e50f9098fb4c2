import { describe, expect, test } from '@jest/globals'
import { checks } from '../../src/checks/index.ts'
import { answer } from '../../src/diagnosis/diagnose.ts'
import type { Diagnosis } from '../../src/diagnosis/diagnosis.ts'
import type { AddressQuestion } from '../../src/evidence/question.ts'
import { recognisedFabric } from '../../src/fabric/recognise.ts'
import { parseAddress } from '../../src/net/address.ts'
import { diagnosisOf, diagnosisOfFixture } from '../kit/answers.ts'
import { fixture, fixtureNames } from '../kit/fixtures.ts'

/** What is said of an address that the user names, as if no object did. */
async function ofAddress(name: string, text: string, port: number): Promise<Diagnosis> {
  const evidence = await fixture(name)
  const vip = parseAddress(text)
  if (vip === null) throw new Error(`${text} is no address`)
  const question: AddressQuestion = {
    about: 'address',
    vip,
    port: { protocol: 'tcp', port },
    client: { kind: 'vpc' },
    fabric: recognisedFabric(evidence),
    vpcId: null,
  }
  const [diagnosis] = answer(checks, evidence, [question], []).diagnoses
  if (diagnosis === undefined) throw new Error('nothing was judged')
  return diagnosis
}
const ids = ({ findings }: Diagnosis, reason: string) =>
  findings.filter((finding) => finding.reason === reason).map(({ id }) => id)

test('a check about Services says of the control plane’s VIP only what it is', async () => {
  const diagnosis = diagnosisOf(await fixture('control-plane-vip'), '10.240.0.5')
  const skipped = ids(diagnosis, 'of-the-control-plane')
  expect(skipped).toEqual(expect.arrayContaining(['assignment/no-pool', 'translation/dnat-present', 'endpoint/ready']))
  expect(skipped).not.toContain('endpoint/vip-bound')
})

test('only checks of Kube-OVN are about what OVN carries, and they are about nothing else', async () => {
  const skipped = ids(await diagnosisOfFixture('lan-healthy'), 'of-a-service')
  expect(skipped).toEqual(expect.arrayContaining(['delivery/kube-ovn-path', 'endpoint/vip-bound']))
  expect(
    checks
      .filter(({ about }) => about?.includes('kube-ovn'))
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual([
    'announcement/kube-ovn-port',
    'assignment/kube-ovn-vip',
    'delivery/kube-ovn-path',
    'endpoint/kube-ovn-backends',
    'translation/kube-ovn-load-balancer',
  ])
})

describe('an address that no object names', () => {
  test('is judged by what the network and the nodes show', async () => {
    const { findings } = await ofAddress('control-plane-vip', '10.240.0.5', 6443)
    const status = (id: string) => findings.find((finding) => finding.id === id)?.status
    expect(status('delivery/vip-not-owned')).toBe('pass')
    expect(status('endpoint/vip-bound')).toBe('pass')
    expect(status('endpoint/ready')).toBe('skipped')
  })

  test('nobody owns it: that is the cause, as for any VIP', async () => {
    const { verdict, causes } = await ofAddress('control-plane-vip-unowned', '10.240.0.5', 6443)
    expect([verdict, causes[0]?.id]).toEqual(['unreachable', 'delivery/vip-not-owned'])
  })

  test.each(fixtureNames)('in %s it is never reachable where nothing shows who answers for it', async (name) => {
    const { verdict, findings } = await ofAddress(name, '10.240.0.77', 443)
    expect(verdict).not.toBe('reachable')
    expect(findings.find(({ id }) => id === 'translation/dnat-present')).toMatchObject({ reason: 'of-no-object' })
  })
})
