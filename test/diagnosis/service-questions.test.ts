import { describe, expect, test } from '@jest/globals'
import { diagnosisOf, judge } from '../kit/answers.ts'
import { editJson, fixture, variant, type Change, type Json } from '../kit/fixtures.ts'
import { withAddress } from '../kit/keepalived.ts'
import { edited } from '../fabric/ec2/edits.ts'

const bastion = '10.240.0.50'

/** nginx-lb as a Service of another type, without what a controller gave it. */
const asType = (type: string, more: Json = {}): Change =>
  editJson(({ items }: Json) => {
    const service = items.find(({ metadata }: Json) => metadata.name === 'nginx-lb')
    service.status = { loadBalancer: {} }
    delete service.metadata.annotations
    if (type === 'ClusterIP') for (const port of service.spec.ports) delete port.nodePort
    Object.assign(service.spec, { type }, more)
  })

const verdicts = (judged: ReturnType<typeof judge>) =>
  judged.diagnoses.map(({ question, verdict, causes }) => [question.vip?.text, verdict, causes[0]?.id])

describe('a Service of type NodePort', () => {
  test('is judged at the address of every node', async () => {
    const evidence = await variant('hard-way-healthy', { 'kubernetes/services.json': asType('NodePort') })
    expect(verdicts(judge(evidence, ['default/nginx-lb'], bastion))).toEqual([
      ['10.240.0.10', 'reachable', undefined],
      ['10.240.0.11', 'reachable', undefined],
      ['10.240.0.20', 'reachable', undefined],
      ['10.240.0.21', 'reachable', undefined],
    ])
  })

  test('is shut by the security group that does not admit the NodePort, though it admits the port of the Service', async () => {
    const evidence = await variant('hard-way-four-faults', { 'kubernetes/services.json': asType('NodePort') })
    expect(diagnosisOf(evidence, '10.240.0.20:30080', bastion).causes[0]).toMatchObject({
      id: 'admission/nodeport',
      reason: 'refused',
      fix: { commands: [expect.stringContaining('FromPort=30080,ToPort=30080')] },
    })
  })

  test('is not known to be admitted where the group’s rules were not read', async () => {
    const evidence = await variant('hard-way-healthy', {
      'aws/describe-security-group-rules.json': null,
      'aws/describe-security-groups.json': null,
    })
    const { verdict, findings } = diagnosisOf(evidence, '10.240.0.20:30080', '10.240.1.77')
    expect([verdict, findings.find(({ id }) => id === 'admission/nodeport')]).toMatchObject([
      'inconclusive',
      { status: 'unknown', reason: 'rules-not-known' },
    ])
  })

  test('with Local is dropped by the nodes without an endpoint, and by no other', async () => {
    const evidence = await fixture('etp-local')
    const at = (node: string) => diagnosisOf(evidence, `${node}:30080`, bastion)
    expect([at('10.240.0.20').verdict, at('10.240.0.21').verdict].sort()).toEqual(['reachable', 'unreachable'])
    expect(at('10.240.0.10').causes.map(({ id }) => id)).toEqual(['translation/no-local-endpoint'])
  })

  test('on a LAN is not translated by the node without kube-proxy alone', async () => {
    const evidence = await variant('lan-no-kube-proxy-on-announcer', { 'kubernetes/services.json': asType('NodePort') })
    const found = verdicts(judge(evidence, ['nginx-lb'], bastion))
    expect(found.filter(([, verdict]) => verdict !== 'reachable')).toEqual([
      [expect.any(String), 'unreachable', 'translation/kube-proxy-running'],
    ])
    expect(found).toHaveLength(4)
  })

  test('is asked of one that connects to another node, whose own rules do not translate it', async () => {
    const { receiving, verdict } = diagnosisOf(await fixture('lan-healthy'), '10.240.0.20:30080', 'node/worker-1')
    expect([receiving, verdict]).toEqual([{ by: 'owner', nodes: ['worker-0'] }, 'reachable'])
    expect(diagnosisOf(await fixture('lan-healthy'), '10.240.0.20:30080', 'node/worker-0').receiving.by).toBe('client')
  })

  test('says that it needs an address where no node is known', async () => {
    const evidence = await variant('hard-way-healthy', {
      'kubernetes/services.json': asType('NodePort'),
      'kubernetes/nodes.json': null,
    })
    expect(() => judge(evidence, ['default/nginx-lb'])).toThrow(
      'Service default/nginx-lb has type NodePort: clients connect to nodes, and no address of a node is known.',
    )
  })
})

/** A second interface of worker-0, in a network of its own. */
const second = withAddress('worker-0', '192.168.77.20', 'eth9')

describe('ADDRESS:NODEPORT', () => {
  test('at the address of a node means all NodePorts where no port is named', async () => {
    const { diagnoses } = judge(await fixture('lan-healthy'), ['10.240.0.21'], bastion)
    expect(diagnoses.map(({ question, verdict }) => [question.port.port, verdict])).toEqual([[30080, 'reachable']])
  })

  test('at an address of a second interface is the same Service’s', async () => {
    const evidence = await variant('lan-healthy', second)
    const { question, receiving, path } = diagnosisOf(evidence, '192.168.77.20:30080', bastion)
    expect([question.about, receiving.nodes]).toEqual(['service', ['worker-0']])
    expect(path.find(({ hop }) => hop === 'translation')?.status).toBe('pass')
  })

  test('at an address that kube-proxy’s nodePortAddresses leave out is not translated, and says where that is told', async () => {
    const evidence = await variant('lan-healthy', {
      ...second,
      'nodes/worker-0/iptables-nft-save.txt': (text) =>
        text.replace(/-m addrtype --dst-type LOCAL (?=-j KUBE-NODEPORTS)/, '-d 10.240.0.0/24 '),
    })
    expect(diagnosisOf(evidence, '192.168.77.20:30080', bastion).causes[0]).toMatchObject({
      id: 'translation/dnat-present',
      advice: expect.stringContaining('nodePortAddresses'),
    })
    expect(diagnosisOf(evidence, '10.240.0.20:30080', bastion).verdict).toBe('reachable')
  })

  test('at another port of a node is judged by who listens there', async () => {
    const { question, verdict } = diagnosisOf(await fixture('hard-way-healthy'), '10.240.0.10:6443', bastion)
    expect([question.about, verdict]).toEqual(['address', 'reachable'])
  })

  test('of two targets that mean the same is judged once', async () => {
    const { diagnoses } = judge(await fixture('lan-healthy'), ['10.240.0.21', '10.240.0.21:30080'], bastion)
    expect(diagnoses).toHaveLength(1)
  })
})

describe('externalIPs', () => {
  test.each(['ClusterIP', 'NodePort'])(
    'of a Service of type %s are its VIPs, without being asked for',
    async (type) => {
      const evidence = await variant('lan-healthy', {
        'kubernetes/services.json': asType(type, { externalIPs: ['10.240.0.105'] }),
      })
      expect(verdicts(judge(evidence, [], bastion))).toEqual([
        ['10.240.0.105', 'unreachable', 'assignment/external-ips'],
      ])
    },
  )

  test('that are a node’s own address are translated there', async () => {
    const evidence = await variant('lan-healthy', {
      'kubernetes/services.json': asType('ClusterIP', { externalIPs: ['10.240.0.21'] }),
    })
    const { question, receiving, causes } = diagnosisOf(evidence, 'default/nginx-lb', bastion)
    expect([question.vip?.text, receiving.nodes, causes[0]?.id]).toEqual([
      '10.240.0.21',
      ['worker-1'],
      'translation/dnat-present',
    ])
  })

  test('in a VPC are owned or not', async () => {
    const evidence = await edited('hard-way-healthy', {
      services: (items) => {
        items.forEach((one) => (one.spec.externalIPs = one.spec.ports[0].nodePort ? ['10.240.0.105'] : []))
      },
    })
    expect(diagnosisOf(evidence, '10.240.0.105:80', bastion).causes[0]?.id).toBe('delivery/vip-not-owned')
  })
})
