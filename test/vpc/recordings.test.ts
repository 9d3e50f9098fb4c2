import { describe, expect, test } from '@jest/globals'
import nodeport from '../../src/checks/admission/nodeport.ts'
import servicePort from '../../src/checks/admission/service-port.ts'
import overlayNoRoute from '../../src/checks/delivery/overlay-no-route.ts'
import ownerNotAnnouncer from '../../src/checks/delivery/owner-not-announcer.ts'
import reservedAddress from '../../src/checks/delivery/reserved-address.ts'
import sourceDestCheck from '../../src/checks/delivery/source-dest-check.ts'
import vipAligned from '../../src/checks/delivery/vip-aligned-with-subnet.ts'
import vipNotOwned from '../../src/checks/delivery/vip-not-owned.ts'
import { fixture, fixtureNames, truthOf } from '../fixtures.ts'
import { ask, runCheck } from './ask.ts'

const checks = [
  vipAligned,
  reservedAddress,
  vipNotOwned,
  overlayNoRoute,
  sourceDestCheck,
  ownerNotAnnouncer,
  servicePort,
  nodeport,
]

/** What fails in the VPC, recording by recording; in all others nothing does. */
const failing: Readonly<Record<string, readonly string[]>> = {
  'hard-way-l2': ['delivery/vip-not-owned'],
  'captured-vpc-unowned': ['delivery/vip-not-owned'],
  'not-advertised-unowned': ['delivery/vip-not-owned'],
  'control-plane-vip-unowned': ['delivery/vip-not-owned'],
  'hard-way-four-faults': ['delivery/vip-not-owned', 'admission/service-port'],
  'four-faults-but-ownership': ['admission/service-port'],
  'four-faults-but-security-group': ['delivery/vip-not-owned'],
  'four-faults-but-kube-proxy': ['delivery/vip-not-owned', 'admission/service-port'],
  'four-faults-but-cni': ['delivery/vip-not-owned', 'admission/service-port'],
  'overlay-no-route': ['delivery/overlay-no-route'],
  'overlay-source-dest-check': ['delivery/source-dest-check'],
  'etp-local-moved': ['delivery/owner-not-announcer'],
}

describe('the recordings of a VPC', () => {
  const recorded = fixtureNames.filter((name) => !name.startsWith('lan-') && !name.startsWith('pending-'))
  test.each(recorded.flatMap((name) => ['vpc', '10.240.0.50'].map((client) => [name, client] as const)))(
    '%s fails where the fabric lost the packet, for client %s',
    async (name, client) => {
      const evidence = await fixture(name)
      const { vip, port } = await truthOf(name)
      const context = ask(evidence, { vip: vip ?? '', port, client })
      const drafts = checks.flatMap((check) => runCheck(check, context).map((draft) => ({ id: check.id, ...draft })))
      const failed = [...new Set(drafts.flatMap(({ id, status }) => (status === 'fail' ? [id] : [])))]
      expect(failed).toEqual(failing[name] ?? [])
      expect(drafts.filter(({ status }) => status === 'unknown' || status === 'warn')).toEqual([])
      for (const { status, fix, says } of drafts) {
        expect(says).toMatch(/\.$/)
        if (status === 'fail') expect(fix?.commands[0]).toMatch(/^aws ec2 /)
      }
    },
  )
})
