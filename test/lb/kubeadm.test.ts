import { describe, expect, test } from '@jest/globals'
import { keptConfigMap } from '../../src/collect/kubernetes/keep-config-map.ts'
import { controlPlaneVips } from '../../src/lb/control-plane.ts'
import { endpointByName } from '../../src/lb/kubeadm.ts'
import { judge } from '../kit/answers.ts'
import { editJson, fixture, variant, type Json } from '../kit/fixtures.ts'
import { kubeadmConfig } from '../kit/keepalived.ts'

const withMaps = (...maps: readonly Json[]) =>
  variant('control-plane-vip', {
    'kubernetes/configmaps.json': editJson(({ items }: Json) => items.push(...maps)),
  })

/** What kubeadm publishes for nodes that join. */
const clusterInfo = (server: string): Json => ({
  metadata: { name: 'cluster-info', namespace: 'kube-public' },
  data: {
    'jws-kubeconfig-abcdef': 'eyJhbGciOiJIUzI1NiJ9..c2lnbmF0dXJl',
    kubeconfig: `apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: TUlJQ0FU\n    server: ${server}\n  name: ""\nkind: Config\n`,
  },
})

const vipsOf = async (...maps: readonly Json[]) =>
  controlPlaneVips(await withMaps(...maps)).map(({ address, port, pods, named }) => [
    address.text,
    port,
    pods.length > 0,
    named.length,
  ])

describe('the endpoint of the control plane', () => {
  test.each([
    ['that kube-vip holds is one VIP', kubeadmConfig('10.240.0.5:6443'), [['10.240.0.5', 6443, true, 1]]],
    [
      'at another port is another, as HAProxy’s is',
      kubeadmConfig('"10.240.0.5:8443"'),
      [
        ['10.240.0.5', 6443, true, 0],
        ['10.240.0.5', 8443, false, 1],
      ],
    ],
    [
      'without a port is at kubeadm’s',
      kubeadmConfig('10.240.0.6'),
      [
        ['10.240.0.5', 6443, true, 0],
        ['10.240.0.6', 6443, false, 1],
      ],
    ],
    [
      'of IPv6',
      kubeadmConfig("'[fd00::6]:6443'"),
      [
        ['10.240.0.5', 6443, true, 0],
        ['fd00::6', 6443, false, 1],
      ],
    ],
    ['that is a node’s own address is no VIP', kubeadmConfig('10.240.0.10:6443'), [['10.240.0.5', 6443, true, 0]]],
    ['that is a name has no address', kubeadmConfig('k8s-api.example.com:6443'), [['10.240.0.5', 6443, true, 0]]],
    [
      'is the server that joining nodes are told, where kubeadm’s own configuration is not there',
      clusterInfo('https://10.240.0.7:8443'),
      [
        ['10.240.0.5', 6443, true, 0],
        ['10.240.0.7', 8443, false, 1],
      ],
    ],
  ])('%s', async (_, map, vips) => {
    expect(await vipsOf(map)).toEqual(vips)
  })

  test('that is a name is told among what is not known, and leaves the verdicts alone', async () => {
    const evidence = await withMaps(kubeadmConfig('k8s-api.example.com:6443'))
    expect(endpointByName(evidence)?.reason).toContain('k8s-api.example.com, whose address is in no evidence')
    const { verdict, gaps } = judge(evidence, [], '10.240.0.50')
    expect([verdict, gaps.map(({ source }) => source)]).toEqual([
      judge(await fixture('control-plane-vip'), [], '10.240.0.50').verdict,
      expect.arrayContaining(['kubernetes/configmaps.json']),
    ])
  })

  test('is kept when it is collected, and no certificate, signature or other setting is', () => {
    const kept = [kubeadmConfig('10.240.0.5:6443'), clusterInfo('https://10.240.0.7:8443')].map(
      (map) => (keptConfigMap(map) as Json).data,
    )
    expect(kept).toEqual([
      { ClusterConfiguration: 'controlPlaneEndpoint: 10.240.0.5:6443' },
      { kubeconfig: '    server: https://10.240.0.7:8443' },
    ])
  })
})
