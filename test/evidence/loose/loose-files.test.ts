import { afterAll, describe, expect, test } from '@jest/globals'
import { dump } from 'js-yaml'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openBundle } from '../../../src/collect/open-bundle.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { partOf } from '../../../src/evidence/part.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import type { Store } from '../../../src/evidence/store.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixtureStore, type Json } from '../../kit/fixtures.ts'
import { lost } from '../../kit/proofs.ts'

const made = mkdtempSync(path.join(tmpdir(), 'loose-'))
afterAll(() => {
  rmSync(made, { recursive: true })
})

const answersOf = (store: Store, folder: string): Readonly<Record<string, Json>> =>
  Object.fromEntries(
    store
      .list(folder)
      .filter((name) => name.endsWith('.json') && name !== 'version.json')
      .map((name) => {
        const bytes = store.read(`${folder}/${name}`)
        if (isGap(bytes)) throw new Error(bytes.reason)
        return [name.replace('.json', ''), JSON.parse(Buffer.from(bytes).toString())]
      }),
  )

const ec2 = await fixtureStore('hard-way-healthy')
const unowned = await fixtureStore('hard-way-l2')
const lan = await fixtureStore('lan-not-advertised')

type Files = Readonly<Record<string, string>>
let count = 0

/** A folder of such files, opened as a bundle. */
function handedIn(files: Files): Promise<Evidence> {
  const root = path.join(made, String((count += 1)))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    writeFileSync(path.join(root, file), text)
  }
  return openBundle(root)
}

const printed = (value: unknown): string => `${JSON.stringify(value, null, 4)}\n`
const listOf = (kind: string, items: unknown) => ({ kind, apiVersion: 'v1', metadata: { resourceVersion: '1' }, items })
const namespacesIn = (answers: Readonly<Record<string, Json>>): readonly string[] =>
  answers.namespaces.items.map(({ metadata }: Json) => metadata.name)
const of = (answer: Json, namespace: string): Json[] =>
  (answer?.items ?? []).filter(({ metadata }: Json) => metadata.namespace === namespace)
/** As a Go client prints the items of a typed list: without their kind. */
const untyped = (items: Json[]): Json[] => items.map((item) => ({ ...item, kind: undefined, apiVersion: undefined }))

/** As `kubectl cluster-info dump --output-directory` writes (k8s.io/kubectl 0.34 pkg/cmd/clusterinfo). */
function clusterInfoDump(answers: Readonly<Record<string, Json>>, namespaces = namespacesIn(answers)): Files {
  const kinds = { pods: 'PodList', services: 'ServiceList', events: 'EventList' }
  const apps = { daemonsets: 'DaemonSetList', deployments: 'DeploymentList' }
  return {
    'nodes.json': printed(listOf('NodeList', untyped(answers.nodes.items))),
    ...Object.fromEntries(
      namespaces.flatMap((namespace) => [
        ...Object.entries(kinds).map(([name, kind]) => [
          `${namespace}/${name}.json`,
          printed(listOf(kind, untyped(of(answers[name], namespace)))),
        ]),
        ...Object.entries(apps).map(([name, kind]) => [
          `${namespace}/${name}.json`,
          printed({ ...listOf(kind, untyped(of(answers[`${name}.apps`], namespace))), apiVersion: 'apps/v1' }),
        ]),
        [`${namespace}/replication-controllers.json`, printed(listOf('ReplicationControllerList', []))],
        [`${namespace}/a-pod/logs.txt`, '==== START logs for container a of pod x/y ====\n{"kind": "Pod"}\n'],
      ]),
    ),
  }
}

/** As troubleshoot's support-bundle writes: a list a kind and namespace, custom resources as bare lists, twice. */
function supportBundle(answers: Readonly<Record<string, Json>>): Files {
  const kinds: Readonly<Record<string, string>> = {
    pods: 'v1 PodList',
    services: 'v1 ServiceList',
    'endpointslices.discovery.k8s.io': 'discovery.k8s.io/v1 EndpointSliceList',
    'leases.coordination.k8s.io': 'coordination.k8s.io/v1 LeaseList',
    'deployments.apps': 'apps/v1 DeploymentList',
    'daemonsets.apps': 'apps/v1 DaemonSetList',
  }
  const custom = Object.keys(answers).filter((name) => name.endsWith('metallb.io'))
  return {
    'version.yaml': 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\n',
    'analysis.json': '[{"name": "node.resources", "insight": {"severity": "warn"}}]',
    'cluster-info/cluster_version.json': '{"info": {"major": "1", "minor": "34"}, "string": "v1.34.4"}',
    'cluster-resources/pods-errors.json': '{}',
    'cluster-resources/nodes.json': printed({
      kind: 'NodeList',
      apiVersion: 'v1',
      metadata: {},
      items: answers.nodes.items,
    }),
    'cluster-resources/namespaces.json': printed({
      kind: 'NamespaceList',
      apiVersion: 'v1',
      items: answers.namespaces.items,
    }),
    ...Object.fromEntries(
      namespacesIn(answers).flatMap((namespace) => [
        ...Object.entries(kinds).map(([name, typed]) => {
          const [apiVersion, kind] = typed.split(' ')
          const list = { kind, apiVersion, metadata: {}, items: of(answers[name], namespace) }
          return [`cluster-resources/${name.split('.')[0]}/${namespace}.json`, printed(list)]
        }),
        ...custom.flatMap((name) => {
          const items = of(answers[name], namespace)
          const file = `cluster-resources/custom-resources/${name}/${namespace}`
          return items.length === 0
            ? []
            : [
                [`${file}.json`, printed(items)],
                [`${file}.yaml`, dump(items)],
              ]
        }),
      ]),
    ),
  }
}

const under = (top: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([file, text]) => [`${top}/${file}`, text]))

const kubernetes = answersOf(ec2, 'kubernetes')
const onLan = answersOf(lan, 'kubernetes')

type Answers = Readonly<Record<string, Json>>
const mixed = (answers: Answers) => ({
  apiVersion: 'v1',
  items: Object.values(answers).flatMap(({ items }) => items),
  kind: 'List',
  metadata: { resourceVersion: '' },
})

/** The output of the nodes, which has names of its own. */
const nodeFiles = (store: Store): Files =>
  Object.fromEntries(
    store.list('nodes').flatMap((node) =>
      store.list(`nodes/${node}`).flatMap((name) => {
        const bytes = store.read(`nodes/${node}/${name}`)
        return isGap(bytes) ? [] : [[`nodes/${node}/${name}`, Buffer.from(bytes).toString()]]
      }),
    ),
  )

/** What is in both: kubectl prints an empty list of any kind alike, and an empty list of reservations names no subnet. */
const isTold = ([name, answer]: readonly [string, Json]): boolean =>
  !name.startsWith('get-subnet') && (answer.items === undefined || answer.items.length > 0)
const told = (answers: Answers): Answers => Object.fromEntries(Object.entries(answers).filter(isTold))
const asBundle = (folder: string, answers: Answers): Files =>
  Object.fromEntries(Object.entries(told(answers)).map(([name, answer]) => [`${folder}/${name}.json`, printed(answer)]))

const judged = (evidence: Evidence, target: string, client: string) => {
  const { verdict, causes, findings } = diagnosisOf(evidence, target, client)
  return {
    verdict,
    causes: causes.map(({ id }) => id),
    findings: findings.map(({ id, subject, status, says }) => `${status} ${id} of ${subject}: ${says}`),
  }
}

const anyNames = (answers: Answers): Files =>
  Object.fromEntries(Object.values(told(answers)).map((answer, at) => [`out ${String(at)}.txt`, printed(answer)]))

const ways: readonly (readonly [name: string, write: (answers: Answers) => Files])[] = [
  ['one list of everything, as JSON', (answers) => ({ 'all.json': printed(mixed(answers)) })],
  [
    'one list of everything, as YAML, under a name without an ending',
    (answers) => ({ everything: dump(mixed(answers)) }),
  ],
  ['a file a kind, by names of no meaning', anyNames],
  [
    'answers one behind the other, by >>',
    (answers) => ({ 'k.json': Object.values(told(answers)).map(printed).join('') }),
  ],
  [
    'documents of YAML in one file',
    (answers) => ({
      'k.yaml': Object.values(told(answers))
        .map((answer) => dump(answer))
        .join('---\n'),
    }),
  ],
  [
    'bare lists, as jq prints them',
    (answers) =>
      Object.fromEntries(Object.entries(told(answers)).map(([name, { items }]) => [`jq/${name}.json`, printed(items)])),
  ],
]

describe('whichever way answers were written, they are judged as the bundle is that has them by their names', () => {
  test.each(ways)('EC2: %s', async (_, write) => {
    const aws = answersOf(ec2, 'aws')
    const nodes = nodeFiles(ec2)
    const named = await handedIn({ ...asBundle('kubernetes', kubernetes), ...asBundle('aws', aws), ...nodes })
    const loose = await handedIn({ ...write(kubernetes), ...under('account', anyJson(aws)), ...nodes })
    const expected = judged(named, '10.240.0.100:80', '10.240.0.50')
    expect(expected.causes).toEqual([])
    expect(judged(loose, '10.240.0.100:80', '10.240.0.50')).toEqual(expected)
    expect(expected.findings.filter((one) => /^pass (?:delivery|admission|return)\//.test(one)).length).toBeGreaterThan(
      9,
    )
    expect(lostProofs(loose, '10.240.0.100:80')).toEqual([])
  })

  test.each(ways)('LAN: %s', async (_, write) => {
    const named = await handedIn(asBundle('kubernetes', onLan))
    const loose = await handedIn(write(onLan))
    const expected = judged(named, 'default/nginx-lb', 'vpc')
    expect(expected.causes).toEqual([])
    expect(judged(loose, 'default/nginx-lb', 'vpc')).toEqual(expected)
    expect(lostProofs(loose, 'default/nginx-lb')).toEqual([])
  })

  test('only the account, by --query and as YAML', async () => {
    const aws = answersOf(unowned, 'aws')
    const bare = Object.fromEntries(
      Object.entries(told(aws)).flatMap(([name, answer]) => {
        const [list, ...others] = Object.values(answer).filter((value) => Array.isArray(value))
        if (others.length > 0) return []
        const items: Json = answer.Reservations?.flatMap(({ Instances }: Json) => Instances) ?? list
        return [[`${name.length % 2 === 0 ? 'a' : 'b'}/${name.slice(-4)}.yml`, dump(items)]]
      }),
    )
    const named = await handedIn(asBundle('aws', aws))
    expect(judged(await handedIn(bare), '10.240.0.100:80', '10.240.0.50').causes).toEqual(['delivery/vip-not-owned'])
    expect(judged(named, '10.240.0.100:80', '10.240.0.50').causes).toEqual(['delivery/vip-not-owned'])
  })
})

const anyJson = (answers: Answers): Files =>
  Object.fromEntries(Object.values(told(answers)).map((answer, at) => [`${String(at)}.json`, printed(answer)]))

/** Proofs that stand in no place; a place in YAML, or behind other answers, is not looked up. */
const lostProofs = (evidence: Evidence, target: string) =>
  diagnosisOf(evidence, target)
    .findings.flatMap(({ proof }) => proof)
    .filter(({ file }) => !/^everything$|^k\./.test(file))
    .filter((proof) => lost(evidence.store, proof) !== null)

describe('a dump of the cluster', () => {
  test('kubectl cluster-info dump --all-namespaces: what it has is known, what it leaves out is a gap', async () => {
    const evidence = await handedIn(clusterInfoDump(kubernetes))
    const { services, nodes, pods, endpointslices, daemonsets } = evidence.kubernetes
    expect(
      [services, nodes, pods, daemonsets].map((list) => (isGap(list) ? list : [list.length, partOf(list)])),
    ).toEqual(['services', 'nodes', 'pods', 'daemonsets.apps'].map((name) => [kubernetes[name].items.length, null]))
    expect(endpointslices).toMatchObject({ reason: 'not in the evidence' })
    const { findings } = diagnosisOf(evidence, '10.240.0.100:80')
    expect(findings.flatMap(({ proof }) => proof).map(({ file }) => file)).toContain('default/services.json')
    expect(lostProofs(evidence, '10.240.0.100:80')).toEqual([])
    expect(evidence.recordedGaps.map(({ source, reason }) => `${source}: ${reason}`)).toContainEqual(
      expect.stringMatching(
        /replication-controllers\.json: not read, like \d+ more: nothing here needs what it holds$/,
      ),
    )
  })

  test('of two namespaces: what is in it is judged, and what is not in it proves nothing', async () => {
    const evidence = await handedIn(clusterInfoDump(kubernetes, ['default', 'kube-system']))
    const why = 'of namespace default alone: write all with `-A`'
    const { services, pods, nodes } = evidence.kubernetes
    expect([partOf(services)?.reason, isGap(pods) && pods.reason, partOf(nodes)]).toEqual([why, why, null])
    const { verdict, causes } = diagnosisOf(evidence, '10.240.0.100:80')
    expect([verdict, causes]).toEqual(['inconclusive', []])
  })

  test('to the standard output, with logs between the answers', async () => {
    const logs =
      '==== START logs for container a of pod default/b ====\n{\n"kind": "Service"\n}\n==== END logs for container a of pod default/b ====\n'
    const files = Object.values(clusterInfoDump(onLan)).filter((text) => !text.startsWith('===='))
    const evidence = await handedIn({ 'dump.txt': files.join(logs) })
    const { services, nodes } = evidence.kubernetes
    expect([services, nodes].map((list) => (isGap(list) ? list : list.length))).toEqual(
      ['services', 'nodes'].map((name) => onLan[name].items.length),
    )
  })

  test.each([
    ['a support bundle on EC2, in its folder', kubernetes, '10.240.0.100:80'],
    ['a support bundle on a LAN, in its folder', onLan, 'default/nginx-lb'],
  ])('%s', async (_, answers, target) => {
    const names = [
      'nodes',
      'namespaces',
      'pods',
      'services',
      'endpointslices.discovery.k8s.io',
      'leases.coordination.k8s.io',
      'deployments.apps',
      'daemonsets.apps',
    ]
    const kept = Object.fromEntries(
      Object.entries(told(answers)).filter(([name]) => names.includes(name) || name.endsWith('metallb.io')),
    )
    const evidence = await handedIn(under('support-bundle-2026-11-29T06_00_00', supportBundle(answers)))
    expect(judged(evidence, target, 'vpc')).toEqual(judged(await handedIn(asBundle('kubernetes', kept)), target, 'vpc'))
    expect(lostProofs(evidence, target)).toEqual([])
  })
})

describe('what proves nothing', () => {
  const service = onLan.services.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb')

  test('one object is no listing, and a manifest is nothing that the cluster has', async () => {
    const { metadata, spec } = service
    const manifest = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'other', namespace: metadata.namespace },
      spec,
    }
    const evidence = await handedIn({ 'svc.yaml': dump(service), 'deploy/svc.yaml': dump(manifest) })
    const { services } = evidence.kubernetes
    expect(isGap(services) || services.map((one) => one.metadata?.name)).toEqual(['nginx-lb'])
    expect(partOf(services)?.reason).toBe('one object in the place of a listing')
    expect(evidence.recordedGaps.map(({ source }) => source)).toContain('deploy/svc.yaml')
  })

  test('a listing of one namespace, and one that says that there is more', async () => {
    const items = of(onLan.services, 'default')
    const evidence = await handedIn({ 'svc.json': printed({ kind: 'List', apiVersion: 'v1', items }) })
    expect(partOf(evidence.kubernetes.services)?.reason).toBe('of namespace default alone: write all with `-A`')
    const more = await handedIn({ 'svc.json': printed({ ...onLan.services, metadata: { continue: 'x' } }) })
    expect(partOf(more.kubernetes.services)?.reason).toMatch(/^only a part of the listing: metadata.continue/)
  })

  test('the same object in two files is one, as it was written last', async () => {
    const later = {
      ...service,
      metadata: { ...service.metadata, resourceVersion: '99999999', labels: { later: 'yes' } },
    }
    const evidence = await handedIn({ 'a.json': printed(later), 'b.json': printed(onLan.services) })
    const { services } = evidence.kubernetes
    expect(isGap(services) || services.length).toBe(onLan.services.items.length)
    expect(isGap(services) || services.filter(({ metadata }) => metadata?.labels?.later === 'yes').length).toBe(1)
  })

  test('a file that is called as in a bundle goes before, and the other is named', async () => {
    const evidence = await handedIn({
      'kubernetes/services.json': printed(onLan.services),
      'old/svc.json': printed({ ...onLan.services, items: [], kind: 'ServiceList' }),
      'old/more.json': printed(service),
    })
    expect(isGap(evidence.kubernetes.services) || evidence.kubernetes.services.length).toBe(onLan.services.items.length)
    expect(evidence.recordedGaps.map(({ source, reason }) => `${source}: ${reason}`)).toContain(
      'old/more.json: not read: kubernetes/services.json is there, too',
    )
  })
})

test('a table alone is refused with the option that writes it otherwise', async () => {
  const table = 'NAMESPACE   NAME       TYPE\ndefault     nginx-lb   LoadBalancer\n'
  await expect(handedIn({ 'svc.txt': table })).rejects.toThrow(
    /holds no evidence\. svc\.txt: this is `kubectl get` as a table; write it with `-o json`/,
  )
})

test('one file by itself is a bundle', async () => {
  const file = path.join(made, 'all.yaml')
  writeFileSync(file, dump(mixed(onLan)))
  const evidence = await openBundle(file)
  expect(judged(evidence, 'default/nginx-lb', 'vpc')).toEqual(
    judged(await handedIn(asBundle('kubernetes', onLan)), 'default/nginx-lb', 'vpc'),
  )
})
