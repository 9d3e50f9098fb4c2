import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { checks } from '../../src/checks/index.ts'
import { linkedMarkdown, linksOf } from '../../src/report/source-links.ts'

const github = 'https://github.com'
const kubernetes = `${github}/kubernetes/kubernetes`

test.each([
  [
    'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go ("has no endpoints"), pkg/proxy/topology.go',
    [`${kubernetes}/tree/v1.34.4/pkg/proxy/iptables/proxier.go`, `${kubernetes}/tree/v1.34.4/pkg/proxy/topology.go`],
  ],
  [
    'MetalLB v0.16.1, config/manifests/metallb-native.yaml (memberlist-tcp); kube-vip issues 441, 1006',
    [
      `${github}/metallb/metallb/tree/v0.16.1/config/manifests/metallb-native.yaml`,
      `${github}/kube-vip/kube-vip/issues/441`,
      `${github}/kube-vip/kube-vip/issues/1006`,
    ],
  ],
  ['kube-vip v1.2.3, which has no code for EC2', [`${github}/kube-vip/kube-vip/tree/v1.2.3`]],
  ['MetalLB pull request 457 (a maintainer)', [`${github}/metallb/metallb/pull/457`]],
  ['kubernetes/kubernetes issues 71305 and 82361', [`${kubernetes}/issues/71305`, `${kubernetes}/issues/82361`]],
  ['Linux kernel net/ipv4/route.c (ip_route_input)', [`${github}/torvalds/linux/tree/master/net/ipv4/route.c`]],
  ['RFC 5227 §2.4; ip-rule(8)', ['https://www.rfc-editor.org/rfc/rfc5227', 'https://manpages.debian.org/ip-rule.8']],
  [
    'Kubernetes documentation, "Service: External IPs", "IPv4/IPv6 dual-stack"',
    [
      'https://kubernetes.io/docs/concepts/services-networking/service/',
      'https://kubernetes.io/docs/concepts/services-networking/dual-stack/',
    ],
  ],
  [
    'Reachability Analyzer explanation codes, BAD_STATE',
    ['https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html'],
  ],
])('%s', (source, urls) => {
  expect(linksOf(source).map(({ url }) => url)).toEqual(urls)
})

test('in Markdown the words themselves are the links', () => {
  expect(linkedMarkdown('metallb/metallb issues 597 and 2727; RFC 826')).toBe(
    `metallb/metallb issues [597](${github}/metallb/metallb/issues/597) and [2727](${github}/metallb/metallb/issues/2727); [RFC 826](https://www.rfc-editor.org/rfc/rfc826)`,
  )
})

test.each(checks.map(({ id, docs }) => [id, docs.sources] as const))(
  'a reader can follow every source of %s',
  (_, sources) => {
    // A project or a manual that is not known there is named in src/report/source-links.ts or manuals.ts.
    expect(sources.filter((source) => linksOf(source).length === 0)).toEqual([])
    // What only its makers could look up.
    expect(sources.filter((source) => /\bfacts\b|\b[A-Z]{2}-[A-Z]?\d\d\b/i.test(source))).toEqual([])
  },
)

test('no page of the manual names what only its makers could look up', () => {
  const docs = path.join(import.meta.dirname, '../../docs')
  const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  expect(pages.length).toBeGreaterThan(20)
  const named = pages.filter((name) =>
    /\b[Ff]acts,? ["A-Z]|\((facts|Facts) /.test(readFileSync(path.join(docs, name), 'utf8')),
  )
  expect(named).toEqual([])
})
