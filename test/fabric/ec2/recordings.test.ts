import { describe, expect, test } from '@jest/globals'
import { addressAndPort } from '../../../src/net/port.ts'
import { checks as registry } from '../../../src/checks/index.ts'
import { fixture, fixtureNames, truthOf } from '../../kit/fixtures.ts'
import { ask, askControlPlane, runCheck } from '../../kit/ask.ts'

const checks = registry.filter(({ id }) => /^(delivery|admission)\//.test(id))

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

/** Those in which MetalLB announces from another node than the one that gets the packets. */
const warned = new Set(['owner-not-announcer', 'captured-vpc-owned', 'control-plane-vip-moved'])

describe('the recordings of a VPC', () => {
  const recorded = fixtureNames.filter((name) => !name.startsWith('lan-') && !name.startsWith('pending-'))
  test.each(recorded.flatMap((name) => ['vpc', '10.240.0.50'].map((client) => [name, client] as const)))(
    '%s fails where the fabric lost the packet, for client %s',
    async (name, client) => {
      const evidence = await fixture(name)
      const { vip, port } = await truthOf(name)
      const asked = ask(evidence, { target: addressAndPort(vip ?? '', port), client })
      const context = name.startsWith('control-plane') ? askControlPlane(evidence, { client }) : asked
      const drafts = checks.flatMap((check) => runCheck(check, context).map((draft) => ({ id: check.id, ...draft })))
      const failed = [...new Set(drafts.flatMap(({ id, status }) => (status === 'fail' ? [id] : [])))]
      expect(failed).toEqual(failing[name] ?? [])
      expect(drafts.filter(({ status }) => status === 'unknown')).toEqual([])
      expect(drafts.some(({ status }) => status === 'warn')).toBe(warned.has(name))
      for (const { status, fix, says } of drafts) {
        expect(says).toMatch(/\.$/)
        if (status === 'fail') expect(fix?.commands[0]).toMatch(/^aws ec2 /)
      }
    },
  )
})
