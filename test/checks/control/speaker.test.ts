import { describe, expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'control/speaker'

test('ready speakers pass', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([['pass', 'All 4 MetalLB speakers are ready.']])
})

test('a crash loop is read from readiness and restarts, where no waiting reason shows', async () => {
  expect(await foundIn('hard-way-four-faults', id)).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^4 of 4 MetalLB speakers are not ready: speaker-bwvcn on worker-1 is not ready after 2 restarts;/,
      ),
    ],
  ])
})

test('on a LAN without any ready speaker it is a cause, on EC2 it is not', async () => {
  const crashed = {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const { metadata, status } of list.items) {
        if (metadata.labels?.component === 'speaker')
          for (const condition of status.conditions) condition.status = 'False'
      }
    }),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => {
      list.items = []
    }),
  }
  const lan = diagnosisOf(await variant('lan-healthy', crashed), 'default/nginx-lb')
  expect(lan.causes.map((cause) => cause.id)).toContain(id)
  const ec2 = diagnosisOf(await variant('hard-way-healthy', crashed), 'default/nginx-lb')
  expect([ec2.verdict, ec2.alsoWrong.map((finding) => finding.id)]).toEqual(['reachable', [id]])
})

/** An edit of the speakers. */
const speakers = (edit: (pod: Json, index: number) => void): Change =>
  editJson((list: Json) => {
    list.items.filter(({ metadata }: Json) => metadata.labels?.component === 'speaker').forEach(edit)
  })
const stuck = (pod: Json) => {
  pod.status.conditions = [{ type: 'Ready', status: 'False' }]
  pod.status.containerStatuses = [
    { name: 'speaker', ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } },
  ]
}

test('a speaker that waits for the memberlist Secret says so, by the event or by its own state', async () => {
  const told = await variant('lan-healthy', {
    'kubernetes/pods.json': speakers((pod, index) => {
      if (index !== 0) return
      stuck(pod)
      pod.metadata.name = 'speaker-stuck'
    }),
    'kubernetes/events.json': editJson((list: Json) => {
      list.items.push({
        metadata: { name: 'speaker.1', namespace: 'metallb-system' },
        reason: 'FailedMount',
        message: 'MountVolume.SetUp failed for volume "memberlist" : secret "memberlist" not found',
        involvedObject: { kind: 'Pod', namespace: 'metallb-system', name: 'speaker-stuck' },
      })
    }),
  })
  const [finding] = diagnosisOf(told, 'default/nginx-lb').findings.filter((one) => one.id === id)
  expect([finding?.status, finding?.says]).toEqual([
    'fail',
    expect.stringMatching(
      /^1 of 4 MetalLB speakers are not ready: speaker-stuck on \S+ waits for Secret memberlist, which is not there\.$/,
    ),
  ])
  expect([finding?.look, finding?.fix?.commands]).toEqual([
    ['kubectl -n metallb-system get secret memberlist'],
    ['kubectl -n metallb-system rollout restart deployment controller'],
  ])
  const seen = await variant('lan-healthy', {
    'kubernetes/pods.json': speakers((pod) => {
      stuck(pod)
      pod.status.containerStatuses[0].state.waiting = {
        reason: 'CreateContainerConfigError',
        message: 'secret "memberlist" not found',
      }
    }),
  })
  expect(found(seen, id)[0]?.[1]).toMatch(/^4 of 4 MetalLB speakers are not ready: .*waits for Secret memberlist/)
})

test('a namespace that enforces another Pod Security level than privileged admits no speaker', async () => {
  const without = (level: string) =>
    variant('lan-healthy', {
      'kubernetes/pods.json': editJson((list: Json) => {
        list.items = list.items.filter(({ metadata }: Json) => metadata.labels?.component !== 'speaker')
      }),
      'kubernetes/namespaces.json': editJson((list: Json) => {
        for (const { metadata } of list.items)
          if (metadata.name === 'metallb-system') metadata.labels['pod-security.kubernetes.io/enforce'] = level
      }),
      'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => (list.items = [])),
    })
  const { causes } = diagnosisOf(await without('baseline'), 'default/nginx-lb')
  const cause = causes.find((one) => one.id === id)
  expect(cause?.says).toBe(
    'MetalLB has no speaker pod, so no node announces anything. Namespace metallb-system enforces the Pod Security level baseline, which admits none: a speaker needs the network of its node.',
  )
  expect(cause?.fix?.commands[0]).toMatch(/^kubectl label namespace metallb-system --overwrite pod-security/)
  expect(found(await without('privileged'), id)[0]?.[1]).toBe(
    'MetalLB has no speaker pod, so no node announces anything.',
  )
})

test.each([
  ['the network of its node', ({ spec }: Json) => void (spec.hostNetwork = false), /is not on the network of its node/],
  [
    'the capability NET_RAW',
    ({ spec }: Json) => {
      for (const container of spec.containers)
        if (container.name === 'speaker') container.securityContext = { capabilities: { drop: ['ALL'] } }
    },
    /has no capability NET_RAW, so it cannot open the sockets for ARP and NDP/,
  ],
])('a ready speaker without %s cannot announce', async (_, edit, says) => {
  const one = await variant('lan-healthy', {
    'kubernetes/pods.json': speakers((pod, index) => {
      if (index === 0) edit(pod)
    }),
  })
  expect(found(one, id)).toEqual([
    ['fail', expect.stringMatching(new RegExp(`^1 of 4 MetalLB speakers cannot announce: .+ ${says.source}`))],
  ])
  expect(diagnosisOf(one, 'default/nginx-lb').verdict).toBe('reachable')
  const all = await variant('lan-healthy', { 'kubernetes/pods.json': speakers(edit) })
  const cause = diagnosisOf(all, 'default/nginx-lb').causes.find((found) => found.id === id)
  expect(cause?.fix?.commands).toEqual([
    `kubectl -n metallb-system patch daemonset speaker -p '{"spec":{"template":{"spec":{"hostNetwork":true,"containers":[{"name":"speaker","securityContext":{"capabilities":{"add":["NET_RAW"]}}}]}}}}'`,
  ])
})

test('a privileged speaker, or one whose capabilities were not dropped, has what it needs', async () => {
  for (const context of [{ privileged: true, capabilities: { drop: ['ALL'] } }, undefined]) {
    const evidence = await variant('lan-healthy', {
      'kubernetes/pods.json': speakers(({ spec }) => {
        for (const container of spec.containers) container.securityContext = context
      }),
    })
    expect(found(evidence, id)[0]?.[0]).toBe('pass')
  }
})

describe('a DaemonSet without pods', () => {
  const noPods = editJson((list: Json) => {
    list.items = list.items.filter(({ metadata }: Json) => metadata.labels?.component !== 'speaker')
  })
  const set = (edit: (spec: Json) => void) =>
    editJson((list: Json) => {
      for (const { metadata, spec } of list.items) if (metadata.name === 'speaker') edit(spec.template.spec)
    })
  const refusal = (message: string) =>
    editJson((list: Json) => {
      list.items.push({
        metadata: { name: 'speaker.1', namespace: 'metallb-system' },
        reason: 'FailedCreate',
        message,
        involvedObject: { kind: 'DaemonSet', namespace: 'metallb-system', name: 'speaker' },
      })
    })

  test.each<[string, Readonly<Record<string, Change>>, string, string]>([
    [
      'that Pod Security refuses',
      {
        'kubernetes/events.json': refusal(
          'Error creating: pods "speaker-" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)',
        ),
      },
      'the API server admits none: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true).',
      'kubectl label namespace metallb-system --overwrite pod-security.kubernetes.io/enforce=privileged pod-security.kubernetes.io/audit=privileged pod-security.kubernetes.io/warn=privileged',
    ],
    [
      'that no node is selected for',
      {
        'kubernetes/daemonsets.apps.json': set((spec) => {
          spec.nodeSelector['lb/role'] = 'edge'
        }),
      },
      'no node has the label lb/role=edge that its node selector asks for.',
      `kubectl -n metallb-system patch daemonset speaker --type merge -p '{"spec":{"template":{"spec":{"nodeSelector":null}}}}'`,
    ],
    [
      'that tolerates no node',
      {
        'kubernetes/nodes.json': editJson((list: Json) => {
          for (const { spec } of list.items) spec.taints = [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }]
        }),
      },
      'each of the 4 nodes that it may use has a taint that it does not tolerate (dedicated:NoSchedule).',
      `kubectl -n metallb-system patch daemonset speaker --type merge -p '{"spec":{"template":{"spec":{"tolerations":[{"operator":"Exists"}]}}}}'`,
    ],
  ])('%s', async (_, files, why, command) => {
    const evidence = await variant('lan-healthy', {
      'kubernetes/pods.json': noPods,
      'kubernetes/servicel2statuses.metallb.io.json': null,
      ...files,
    })
    const { causes, path } = diagnosisOf(evidence, 'default/nginx-lb')
    expect([causes[0]?.id, causes[0]?.says]).toEqual([
      id,
      `MetalLB has no speaker pod, so no node announces anything. DaemonSet speaker has none, because ${why}`,
    ])
    expect(causes[0]?.fix?.commands).toEqual([command])
    expect(path.find(({ hop }) => hop === 'announcement')).toMatchObject({
      status: 'warn',
      brief: 'advertised, and no speaker is there',
    })
  })

  test('a quota is looked at, and logs of a pod that is not there are not', async () => {
    const evidence = await variant('lan-healthy', {
      'kubernetes/pods.json': noPods,
      'kubernetes/events.json': refusal(
        'Error creating: pods "speaker-" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
      ),
    })
    const [cause] = diagnosisOf(evidence, 'default/nginx-lb').causes
    expect([cause?.reason, cause?.fix, cause?.look]).toEqual([
      'no-speaker-quota',
      null,
      ['kubectl -n metallb-system describe resourcequota', 'kubectl -n metallb-system describe daemonset speaker'],
    ])
  })
})

test('a packet that starts on a node is translated there, whoever announces', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const { metadata, status } of list.items)
        if (metadata.labels?.component === 'speaker')
          for (const condition of status.conditions) condition.status = 'False'
    }),
  })
  const { verdict, alsoWrong } = diagnosisOf(evidence, 'default/nginx-lb', 'node/worker-0')
  expect([verdict, alsoWrong.map((finding) => finding.id)]).toEqual(['reachable', [id]])
})
