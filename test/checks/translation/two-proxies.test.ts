import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/two-proxies'
const processes = 'nodes/controller-0/processes.txt'
const cilium = (replaces: string) =>
  variant('hard-way-healthy', {
    [processes]: (text) => `${text}   4321 /usr/bin/cilium-agent --config-dir=/tmp/cilium/config-map\n`,
    'kubernetes/configmaps.json': JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { namespace: 'kube-system', name: 'cilium-config' },
          data: { 'kube-proxy-replacement': replaces },
        },
      ],
    }),
  })

test.each(['hard-way-healthy', 'nftables', 'ipvs'])('%s: kube-proxy alone passes', async (name) => {
  expect(await foundIn(name, id)).toEqual([
    ['pass', expect.stringMatching(/^Only kube-proxy handles Services on \S+\.$/)],
  ])
})

test('Cilium beside kube-proxy leaves Services to it, unless its configuration says otherwise', async () => {
  expect(found(await cilium('false'), id)).toEqual([['pass', 'Only kube-proxy handles Services on controller-0.']])
  const evidence = await cilium('true')
  expect(found(evidence, id)).toEqual([
    [
      'unknown',
      'kube-proxy and Cilium handle Services on controller-0 at once; which of them gets this packet cannot be read from the node’s rules.',
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
})

test('a device of Calico’s eBPF data plane beside a running kube-proxy', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/ip-link.json': editJson((links: Json) => {
      links.push({ ifindex: 40, ifname: 'bpfin.cali', flags: ['UP'], operstate: 'UP' })
    }),
  })
  expect(found(evidence, id)[0]).toEqual([
    'unknown',
    expect.stringContaining('kube-proxy and Calico’s eBPF data plane'),
  ])
})

test('two kube-proxies are a warning, a shell that started one is none', async () => {
  const twice = (line: string) => variant('hard-way-healthy', { [processes]: (text) => `${text}${line}\n` })
  expect(found(await twice('   9999 /usr/local/bin/kube-proxy --config=/var/lib/kube-proxy/config.conf'), id)).toEqual([
    [
      'warn',
      '2 kube-proxies run on controller-0: they take turns to write its rules, and only one has the ports 10249 and 10256.',
    ],
  ])
  expect(found(await twice('   9999 sh -c kube-proxy --config=x'), id)[0]?.[0]).toBe('pass')
})

test('a replacement alone passes, nobody at all is no second one', async () => {
  const evidence = await variant('lan-no-kube-proxy-on-announcer', {
    [processes]: (text) => `${text}  900 cilium-agent --config-dir=/tmp\n`,
  })
  expect(found(evidence, id)).toEqual([['pass', 'Only Cilium handles Services on controller-0.']])
  expect((await foundIn('lan-no-kube-proxy-on-announcer', id))[0]?.[0]).toBe('skipped')
})

/** A cluster of which kubectl alone tells: pods of kube-proxy and of Cilium's agent on the announcer, and Cilium's configuration. */
const byKubectl = (replaces: string, images: readonly string[]) =>
  variant('lan-healthy', {
    'nodes/': null,
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const image of images)
        list.items.push({
          metadata: { name: image.replaceAll(/\W+/g, '-'), namespace: 'kube-system' },
          spec: { nodeName: 'controller-0', containers: [{ name: 'one', image }] },
          status: { phase: 'Running' },
        })
    }),
    'kubernetes/configmaps.json': editJson((list: Json) => {
      list.items.push({
        metadata: { name: 'cilium-config', namespace: 'kube-system' },
        data: { 'kube-proxy-replacement': replaces },
      })
    }),
  })
const kubeProxy = 'registry.k8s.io/kube-proxy:v1.34.1'
const agent = 'quay.io/cilium/cilium:v1.18.2@sha256:0000'

test.each<[string, string, readonly string[], string, RegExp]>([
  ['both run', 'true', [kubeProxy, agent], 'unknown', /^kube-proxy and Cilium handle Services on controller-0 at once/],
  ['Cilium replaces alone', 'true', [agent], 'pass', /^Only Cilium handles Services on controller-0\.$/],
  ['Cilium leaves them to kube-proxy', 'false', [kubeProxy, agent], 'pass', /^Only kube-proxy handles/],
  ['kube-proxy alone', 'false', ['rancher/hardened-kube-proxy:v1.31.2-rke2r1'], 'pass', /^Only kube-proxy handles/],
])('from kubectl alone: %s', async (_, replaces, images, status, says) => {
  expect(found(await byKubectl(replaces, images), id)).toEqual([[status, expect.stringMatching(says)]])
})

test('a kube-proxy that runs as a pod is taken off by its DaemonSet', async () => {
  const { findings } = diagnosisOf(await byKubectl('true', [kubeProxy, agent]), 'default/nginx-lb')
  expect(findings.find((one) => one.id === id)?.fix?.commands).toEqual([
    'kubectl -n kube-system get daemonset kube-proxy -o yaml > kube-proxy.before.yaml',
    'kubectl -n kube-system delete daemonset kube-proxy',
  ])
})
