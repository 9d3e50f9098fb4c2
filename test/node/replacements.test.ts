import { describe, expect, test } from '@jest/globals'
import { diagnosisOf } from '../kit/answers.ts'
import { editJson, fixture, fixtureNames, variant, type Change, type Json } from '../kit/fixtures.ts'
import { found } from '../kit/found.ts'
import { replacementOn } from '../../src/node/replacements.ts'

const node = 'controller-0'
const processes = `nodes/${node}/processes.txt`
const running = (line: string): Readonly<Record<string, Change>> => ({
  [processes]: (text) => `${text}   4321 ${line}\n`,
})
const withDevice = (ifname: string): Readonly<Record<string, Change>> => ({
  [`nodes/${node}/ip-link.json`]: editJson((links: Json) => {
    links.push({ ifindex: 99, ifname, flags: ['UP', 'LOWER_UP'], operstate: 'UP' })
  }),
})
const configMap = (name: string, data: Readonly<Record<string, string>>) => ({
  'kubernetes/configmaps.json': JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'kube-system', name }, data }],
  }),
})
const untraced = (name: string) =>
  name.startsWith('C') ? 'whose table is not in the evidence' : 'which this program cannot trace'
const stopped = (text: string) => text.replaceAll(/.*kube-proxy.*\n/g, '')

const leftBehind: readonly (readonly [string, string, Readonly<Record<string, Change>>])[] = [
  ['its agent', 'Cilium', running('/usr/bin/cilium-agent --config-dir=/tmp/cilium/config-map')],
  ['its device', 'Cilium', withDevice('cilium_host')],
  ['its device', 'Calico’s eBPF data plane', withDevice('bpfin.cali')],
  ['the older name of its device', 'Calico’s eBPF data plane', withDevice('bpfnatin')],
  ['its flags', 'kube-router', running('/usr/local/bin/kube-router --run-router=true --run-service-proxy=true')],
  ['its device', 'kube-router', withDevice('kube-dummy-if')],
  ['its agent', 'Antrea', running('antrea-agent --config=/etc/antrea/antrea-agent.conf')],
  ['its device', 'Antrea', withDevice('antrea-gw0')],
  ['its process', 'OVN-Kubernetes', running('/usr/bin/ovnkube --init-node controller-0')],
  ['its device', 'OVN-Kubernetes', withDevice('ovn-k8s-mp0')],
]

describe.each(leftBehind)('%s tells %s', (_, name, changes) => {
  test('who handles Services is named, and the missing rules are no fault', async () => {
    const evidence = await variant('lan-no-kube-proxy-on-announcer', changes)
    const { verdict, causes, findings } = diagnosisOf(evidence, 'default/nginx-lb')
    const says = (id: string) => findings.filter((one) => one.id === id).map(({ status, says: text }) => [status, text])
    expect([verdict, causes]).toEqual(['inconclusive', []])
    expect(says('translation/dnat-present')).toEqual([
      ['unknown', `Services on ${node} are handled by ${name}, ${untraced(name)}.`],
    ])
    expect(says('translation/kube-proxy-running')).toEqual([['pass', `Services on ${node} are handled by ${name}.`]])
    expect(findings.filter(({ status, hop }) => status === 'fail' && hop === 'translation')).toEqual([])
  })
})

const onTop: readonly (readonly [string, Readonly<Record<string, Change>>])[] = [
  ['Cilium', { ...running('cilium-agent'), ...configMap('cilium-config', { 'kube-proxy-replacement': 'true' }) }],
  [
    'Antrea',
    {
      ...running('antrea-agent'),
      ...configMap('antrea-config', { 'antrea-agent.conf': 'antreaProxy:\n  enable: true\n  proxyAll: true\n' }),
    },
  ],
  ['kube-router', running('kube-router --run-service-proxy')],
]

test.each(onTop)(
  '%s beside rules of a kube-proxy that no longer runs: the rules are left over',
  async (name, changes) => {
    const added = changes[processes]
    const evidence = await variant('hard-way-healthy', {
      ...changes,
      [processes]: (text) => (typeof added === 'function' ? added(stopped(text)) : text),
    })
    expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
    expect(found(evidence, 'translation/dnat-present')[0]).toEqual([
      'unknown',
      `Services on ${node} are handled by ${name}, ${untraced(name)}.`,
    ])
  },
)

test.each([
  ['Cilium', running('cilium-agent')],
  ['Antrea', running('antrea-agent')],
  ['kube-router without its service proxy', running('kube-router --run-router=true --run-service-proxy=false')],
  ['Calico with iptables', withDevice('tunl0')],
])('%s beside a kube-proxy leaves Services to it', async (_, changes) => {
  const evidence = await variant('hard-way-healthy', changes)
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

describe('k3s carries kube-proxy inside itself', () => {
  const inside = (line: string): Readonly<Record<string, Change>> => ({
    [processes]: (text) => `${stopped(text)}   4321 ${line}\n`,
  })

  test('its rules are traced as kube-proxy’s own', async () => {
    const evidence = await variant('hard-way-healthy', inside('/usr/local/bin/k3s server'))
    expect(found(evidence, 'translation/kube-proxy-running')[0]?.[0]).toBe('pass')
    expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
  })

  test('without kube-proxy inside, and without rules, nothing programs Services', async () => {
    const evidence = await variant(
      'lan-no-kube-proxy-on-announcer',
      inside('/usr/local/bin/k3s server --disable-kube-proxy'),
    )
    expect(found(evidence, 'translation/kube-proxy-running')[0]).toEqual([
      'fail',
      expect.stringContaining('Nothing programs Services on controller-0'),
    ])
  })

  test('chains of its network policies are no service proxy', async () => {
    const evidence = await variant('lan-no-kube-proxy-on-announcer', {
      [`nodes/${node}/iptables-nft-save.txt`]: (text) =>
        text.replace('*filter\n', '*filter\n:KUBE-ROUTER-FORWARD - [0:0]\n:KUBE-ROUTER-INPUT - [0:0]\n'),
    })
    expect(replacementOn(evidence, node)).toBeNull()
  })
})

test('no recording has a replacement', async () => {
  for (const name of fixtureNames) {
    const evidence = await fixture(name)
    expect([name, evidence.nodeNames.filter((one) => replacementOn(evidence, one) !== null)]).toEqual([name, []])
  }
})
