import { describe, expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { withRules } from '../../kit/firewalled.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'control/webhook'
const service = 'metallb-system/metallb-webhook-service'
const configurations = 'kubernetes/validatingwebhookconfigurations.admissionregistration.k8s.io.json'
const slices = 'kubernetes/endpointslices.discovery.k8s.io.json'
const pods = 'kubernetes/pods.json'

/** An edit of each of MetalLB's webhooks. */
const webhooks = (edit: (webhook: Json) => void): Change =>
  editJson((list: Json) => {
    for (const one of list.items) for (const webhook of one.webhooks) edit(webhook)
  })
const ofWebhook = (edit: (slice: Json) => void): Change =>
  editJson((list: Json) => {
    for (const slice of list.items) if (slice.metadata.name.startsWith('metallb-webhook')) edit(slice)
  })

test('an endpoint and a caBundle', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', `Service ${service} of MetalLB’s webhook has a ready endpoint, and the API server its caBundle.`],
  ])
})

test('without a ready endpoint the connection is refused, and the VIP stays', async () => {
  const evidence = await variant('hard-way-healthy', { [slices]: ofWebhook((slice) => (slice.endpoints = null)) })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      `Service ${service} of MetalLB’s webhook has no ready endpoint, although the controller is ready: changes of pools, advertisements and peers are refused (connection refused).`,
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
  const gone = await variant('hard-way-healthy', {
    [slices]: editJson((list: Json) => {
      list.items = list.items.filter(({ metadata }: Json) => !metadata.name.startsWith('metallb-webhook'))
    }),
  })
  expect(found(gone, id)[0]?.[0]).toBe('fail')
})

test('a controller that is not ready explains it', async () => {
  const { alsoWrong, causes } = diagnosisOf(
    await variant('hard-way-healthy', {
      [slices]: ofWebhook(({ endpoints }) => {
        endpoints[0].conditions = { ready: false, serving: false, terminating: false }
      }),
      [pods]: editJson((list: Json) => {
        for (const { metadata, status } of list.items)
          if (metadata.labels?.component === 'controller') status.conditions = [{ type: 'Ready', status: 'False' }]
      }),
    }),
    'default/nginx-lb',
  )
  expect(causes).toEqual([])
  expect(alsoWrong.map((finding) => [finding.id, finding.says.includes('although')])).toEqual([
    ['control/controller', false],
    [id, false],
  ])
})

test('without a caBundle the API server trusts nobody', async () => {
  const evidence = await variant('hard-way-healthy', {
    [configurations]: webhooks(({ clientConfig }) => delete clientConfig.caBundle),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      '6 webhooks of MetalLB have no caBundle: changes of pools, advertisements and peers are refused (x509: certificate signed by unknown authority).',
    ],
  ])
})

test('where failures are ignored, changes are admitted unseen', async () => {
  const evidence = await variant('hard-way-healthy', {
    [configurations]: webhooks((webhook) => {
      webhook.failurePolicy = 'Ignore'
      webhook.clientConfig.caBundle = ''
    }),
  })
  expect(found(evidence, id)).toEqual([
    ['pass', '6 webhooks of MetalLB have no caBundle; its failurePolicy is Ignore, so changes are admitted unseen.'],
  ])
})

test('webhooks of an installation that is gone name a Service that is not there', async () => {
  const evidence = await variant('hard-way-healthy', {
    [configurations]: webhooks(({ clientConfig }) => (clientConfig.service.name = 'webhook-service')),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'There is no Service metallb-system/webhook-service, which MetalLB’s webhooks name: changes of pools, advertisements and peers are refused (service "webhook-service" not found).',
    ],
  ])
})

test('a controller without webhooks, which are still registered', async () => {
  const evidence = await variant('hard-way-healthy', {
    [pods]: editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.labels?.component === 'controller') spec.containers[0].args.push('--webhook-mode=disabled')
    }),
  })
  expect(found(evidence, id)[0]?.[1]).toMatch(/^MetalLB’s controller was started with --webhook-mode=disabled/)
})

/** A kube-apiserver as kubeadm runs it, with environment variables. */
const apiServer = (env: readonly object[]): Promise<readonly (readonly [string, string])[]> =>
  variant('hard-way-healthy', {
    [pods]: editJson((list: Json) => {
      list.items.push({
        metadata: { name: 'kube-apiserver-controller-0', namespace: 'kube-system' },
        spec: { nodeName: 'controller-0', containers: [{ name: 'kube-apiserver', env }] },
      })
    }),
  }).then((evidence) => found(evidence, id))

test.each([
  [
    'nothing',
    [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
    /\(empty\) names neither \.svc nor 10\.32\.0\.129/,
  ],
  [
    'other names',
    [{ name: 'https_proxy' }, { name: 'no_proxy', value: 'localhost,10.240.0.0/24,.example.org' }],
    /through https_proxy, and its NO_PROXY \(localhost,10\.240\.0\.0\/24,\.example\.org\)/,
  ],
])('a proxy that is asked for all but %s is asked for the webhook', async (_, env, says) => {
  expect(await apiServer(env)).toEqual([['warn', expect.stringMatching(says)]])
})

test.each([['.svc'], ['svc'], ['*'], ['localhost, .cluster.local,10.32.0.0/24'], [undefined]])(
  'NO_PROXY %s says nothing against the webhook',
  async (value) => {
    const env = [
      { name: 'HTTPS_PROXY', value: 'http://proxy:3128' },
      { name: 'NO_PROXY', ...(value && { value }) },
    ]
    expect((await apiServer(env))[0]?.[0]).toBe('pass')
  },
)

test('an API server on a host that is no node is named', async () => {
  const evidence = await variant('hard-way-healthy', {
    [slices]: editJson((list: Json) => {
      for (const { metadata, endpoints } of list.items)
        if (metadata.name === 'kubernetes') endpoints[0].addresses = ['10.240.0.30']
    }),
  })
  expect(found(evidence, id)).toEqual([
    ['pass', expect.stringMatching(/\. The API server at 10\.240\.0\.30 runs on no node: its host needs kube-proxy/)],
  ])
})

const emptied = editJson((list: Json) => {
  list.items = []
})

/** A Service that waits for an address where MetalLB has no pool. */
const pending = (files: Readonly<Record<string, Change>>) =>
  variant('lan-healthy', {
    'kubernetes/ipaddresspools.metallb.io.json': emptied,
    'kubernetes/l2advertisements.metallb.io.json': emptied,
    'kubernetes/servicel2statuses.metallb.io.json': null,
    'kubernetes/services.json': editJson((list: Json) => {
      for (const one of list.items)
        if (one.metadata.name === 'nginx-lb') {
          delete one.metadata.annotations
          one.status = { loadBalancer: {} }
        }
    }),
    ...files,
  })

const policy = (ingress: readonly Json[]): Change =>
  editJson((list: Json) => {
    list.items.push({
      metadata: { name: 'own', namespace: 'metallb-system' },
      spec: { podSelector: {}, policyTypes: ['Ingress'], ingress },
    })
  })
const withCalico = editJson((list: Json) => {
  list.items.push({
    metadata: { name: 'calico-node-1', namespace: 'kube-system' },
    spec: { nodeName: 'worker-0', containers: [{ name: 'calico-node', image: 'docker.io/calico/node:v3.29.1' }] },
  })
})
const policies = 'kubernetes/networkpolicies.networking.k8s.io.json'

describe('where there is no pool yet, it is the cause, and the missing pool follows', () => {
  const judged = async (files: Readonly<Record<string, Change>>) => {
    const { causes } = diagnosisOf(await pending(files), 'default/nginx-lb')
    return causes.map((cause) => [cause.id, cause.says, cause.consequences.map((one) => one.id)])
  }
  const cannot = 'MetalLB has no pool, and before that is mended none can be made.'
  const both = ['assignment/no-pool', 'assignment/vip-assigned']

  test('a policy by label, which never means the host of an API server', async () => {
    const byLabel = policy([{ from: [{ namespaceSelector: {} }] }])
    expect(await judged({ [policies]: byLabel, [pods]: withCalico })).toEqual([
      [
        id,
        `metallb-system/own lets no API server in at MetalLB’s webhook (tcp/9443), and Calico enforces that: changes of pools, advertisements and peers are refused (context deadline exceeded). ${cannot}`,
        both,
      ],
    ])
  })

  test('a Service that sends to pods of somebody else', async () => {
    const foreign = ofWebhook((slice) =>
      slice.endpoints.push({
        addresses: ['10.200.3.9'],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', namespace: 'metallb-system', name: 'ingress-controller-1' },
      }),
    )
    expect(await judged({ [slices]: foreign })).toEqual([
      [
        id,
        `Service ${service} of MetalLB’s webhook sends to metallb-system/ingress-controller-1, which is no controller of MetalLB: changes of pools, advertisements and peers are refused (connection refused, or a certificate that is not trusted). ${cannot}`,
        both,
      ],
    ])
  })

  test('a firewall on its node', async () => {
    const shut = withRules(['-A FORWARD -d 10.200.2.2/32 -j DROP'])
    expect(await judged({ 'nodes/worker-0/iptables-nft-save.txt': shut })).toEqual([
      [
        'control/webhook-port',
        `worker-0 drops tcp/9443 from controller-0 and controller-1 (filter chain FORWARD): the API servers do not reach MetalLB's webhook, and changes of pools and advertisements fail. ${cannot}`,
        both,
      ],
    ])
  })

  test('a webhook that answers leaves the missing pool the cause', async () => {
    expect((await judged({})).map(([cause]) => cause)).toEqual(['assignment/no-pool'])
  })
})

test.each([
  ['nothing enforces it', { [policies]: policy([]) }],
  ['it opens the port to all', { [policies]: policy([{ ports: [{ port: 9443 }] }]), [pods]: withCalico }],
  ['it names hosts', { [policies]: policy([{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }]), [pods]: withCalico }],
])('a policy shuts nobody off where %s', async (_, files) => {
  expect(found(await variant('lan-healthy', files as Readonly<Record<string, Change>>), id)[0]?.[0]).toBe('pass')
})
