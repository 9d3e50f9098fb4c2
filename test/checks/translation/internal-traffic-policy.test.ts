import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/internal-traffic-policy'
const local: Change = editJson((list: Json) => {
  list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.internalTrafficPolicy = 'Local'
})
/** The rules of kube-proxy for a cluster IP with internalTrafficPolicy Local and no endpoint on the node (kubernetes v1.34.4, iptables). */
const dropped = (text: string) =>
  text
    .replace(
      /^(\[\d+:\d+\] )-A KUBE-SERVICES (-d 10\.32\.0\.\d+\/32) (.*"default\/nginx-lb cluster IP".*) -j KUBE-SVC-\w+$/m,
      '',
    )
    .replace(
      /^\*filter\n((?::.*\n)*)/m,
      (whole) =>
        `${whole}-A KUBE-SERVICES -d ${/-d (10\.32\.0\.\d+)\/32 .*"default\/nginx-lb cluster IP"/.exec(text)?.[1] ?? ''}/32 -p tcp -m comment --comment "default/nginx-lb has no local endpoints" -m tcp --dport 80 -j DROP\n`,
    )
const withPolicy = () =>
  variant('lan-healthy', { 'kubernetes/services.json': local, 'nodes/controller-0/iptables-nft-save.txt': dropped })

test('with Cluster it does not apply', async () => {
  expect((await foundIn('lan-healthy', id))[0]?.[0]).toBe('skipped')
})

test('a client outside meets the VIP, which is not subject to it', async () => {
  const evidence = await withPolicy()
  expect(found(evidence, id)).toEqual([
    [
      'pass',
      expect.stringMatching(
        /^internalTrafficPolicy Local is about the cluster IP 10\.32\.0\.\d+:80, not about the VIP; on controller-0 and controller-1, without a ready endpoint, that one does not answer\.$/,
      ),
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('on a node without an endpoint the cluster IP does not answer, by its own rule, and the VIP does', async () => {
  const evidence = await withPolicy()
  const diagnosis = diagnosisOf(evidence, 'default/nginx-lb', 'node/controller-0')
  const finding = diagnosis.findings.find((one) => one.id === id)
  expect([finding?.status, finding?.says]).toEqual([
    'warn',
    expect.stringMatching(
      /^internalTrafficPolicy of Service default\/nginx-lb is Local, and no ready endpoint is on controller-0: from there the cluster IP 10\.32\.0\.\d+:80 does not answer\. The VIP is not subject to it\.$/,
    ),
  ])
  expect(finding?.proof.map(({ value }) => String(value))).toContainEqual(
    expect.stringContaining('has no local endpoints'),
  )
  expect(diagnosis.verdict).toBe('reachable')
})

test('rules that lead to an endpoint all the same are said to, and a node with one has no fault', async () => {
  const evidence = await withPolicy()
  expect(found(evidence, id, 'default/nginx-lb', 'node/controller-1')).toEqual([
    [
      'warn',
      expect.stringMatching(
        /; the rules of controller-1 lead from 10\.32\.0\.\d+:80 to 10\.200\.\d\.\d+:80 all the same\.$/,
      ),
    ],
  ])
  expect(found(evidence, id, 'default/nginx-lb', 'node/worker-1')).toEqual([
    ['pass', expect.stringMatching(/^On worker-1 the cluster IP 10\.32\.0\.\d+:80 leads to an endpoint there\.$/)],
  ])
})
