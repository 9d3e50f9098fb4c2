import { spawnSync } from 'node:child_process'
import { expect, test } from '@jest/globals'
import { parseNodeOutput } from '../../../src/collect/node/frames.ts'
import { nodeScript } from '../../../src/collect/node/script.ts'
import { redacted } from '../../../src/collect/redact.ts'
import { isGap, known } from '../../../src/evidence/gap.ts'
import { parsePodListen } from '../../../src/evidence/node/pod-listen.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found } from '../../kit/found.ts'
import { fixture, variant } from '../../kit/fixtures.ts'
import { testNeeding } from '../../kit/needing.ts'

// For network namespaces.
const asRoot = testNeeding('root')
const file = 'nodes/worker-0/pod-listen.txt'

interface PodNamespace {
  readonly address: string
  /** JavaScript that opens the sockets of the pod. */
  readonly opens: string
}

/** What the script writes about pods on a node: a network namespace with one namespace in it for each pod, whose process waits for clients. */
function podListenOf(shell: string, pods: readonly PodNamespace[]): string {
  const lines = pods.flatMap(({ address, opens }) => [
    `unshare -n sh -c 'ip link set lo up; ip link add eth0 type veth peer name p0; ip link set p0 up; ip link set eth0 up; ip addr add ${address} dev eth0 nodad; exec "$0" -e "$1"' '${process.execPath}' '${opens}; setTimeout(() => {}, 600000); setTimeout(() => require("fs").writeSync(1, "up\\n"), 300)' >"$dir/$$.${address.replace('/', '-')}" &`,
    'pids="$pids $!"',
  ])
  const setup = [
    'dir=$(mktemp -d); pids=; trap \'kill $pids; rm -r "$dir"\' EXIT',
    'ip link set lo up',
    ...lines,
    `for i in $(seq 1000); do [ "$(cat "$dir"/* | grep -c up)" = ${String(pods.length)} ] && break; sleep 0.1; done`,
    `${shell} -s`,
  ].join('\n')
  const { stdout } = spawnSync('unshare', ['-n', 'sh', '-c', setup], { input: nodeScript, timeout: 180_000, cwd: '/' })
  const { files, gaps } = parseNodeOutput(new Uint8Array(stdout))
  expect(gaps.get('pod-listen.txt')).toBe(undefined)
  return Buffer.from(files.get('pod-listen.txt') ?? []).toString()
}

const tcp = (port: number, host: string) => `require("net").createServer().listen(${String(port)}, "${host}")`
const udp = (port: number) => `require("dgram").createSocket("udp4").bind(${String(port)})`

asRoot.each([['dash'], ['bash'], ['busybox sh']])('under %s, each pod’s sockets stand by its addresses', (shell) => {
  const text = podListenOf(shell, [
    { address: '10.200.7.2/24', opens: `${tcp(80, '127.0.0.1')}; ${tcp(81, '::')}; ${udp(5353)}` },
    { address: '2001:db8::7/64', opens: tcp(443, '::1') },
  ])
  const read = parsePodListen(file, text)
  const of = (address: string) =>
    read.byAddress.get(address)?.listeners.map(({ protocol, address: host, port }) => [protocol, host, port])
  expect(of('10.200.7.2')).toEqual([
    ['tcp', '127.0.0.1', 80],
    ['tcp', '::', 81],
    ['udp', '0.0.0.0', 5353],
  ])
  expect(of('2001:db8::7')).toEqual([['tcp', '::1', 443]])
  expect(read.byAddress.get('10.200.7.2')?.whole).toBe(true)
})

asRoot('a real process decides what is found: loopback only, another port, the right one', async () => {
  const pods = (known((await fixture('etp-local')).kubernetes.pods) ?? []).filter(
    ({ metadata }) => metadata?.name?.startsWith('nginx-') === true,
  )
  const [pod] = pods
  const address = pod?.status?.podIP ?? ''
  const node = pod?.spec?.nodeName ?? ''
  const judge = async (opens: string) => {
    const text = podListenOf('dash', [{ address: `${address}/24`, opens }])
    const evidence = await variant('etp-local', { [`nodes/${node}/pod-listen.txt`]: text })
    return {
      says: found(evidence, 'endpoint/pod-not-listening'),
      causes: diagnosisOf(evidence, 'default/nginx-lb').causes.map(({ id }) => id),
    }
  }
  expect(pods).toHaveLength(1)
  expect(await judge(tcp(80, '0.0.0.0'))).toEqual({
    says: [['pass', expect.stringMatching(/ listens on tcp port 80\.$/)]],
    causes: [],
  })
  expect(await judge(tcp(80, '127.0.0.1'))).toEqual({
    says: [['fail', expect.stringMatching(/: the pod listens on loopback only \(127\.0\.0\.1:80\)\.$/)]],
    causes: ['endpoint/pod-not-listening'],
  })
  expect(await judge(tcp(8080, '0.0.0.0'))).toEqual({
    says: [['fail', expect.stringMatching(/: the pod listens on tcp port 8080\.$/)]],
    causes: ['endpoint/pod-not-listening'],
  })
})

test('addresses of pods are redacted like any other', () => {
  const text =
    'pid 7\naddress 52.17.3.9\naddress 2a05:d018:0000:0000:0000:0000:0000:0007\ntcp [2a05:d018:0000:0000:0000:0000:0000:0007]:80\n'
  const { files } = redacted(
    new Map([
      ['bundle.json', Buffer.from('{}')],
      [file, Buffer.from(text)],
    ]),
  )
  const [hidden] = [...files].flatMap(([path, bytes]) => (path.endsWith('/pod-listen.txt') ? [String(bytes)] : []))
  expect(hidden).not.toMatch(/52\.17\.3\.9|2a05/)
  expect(hidden).toMatch(/^pid 7\naddress \d+\.\d+\.\d+\.\d+\naddress \S+\ntcp \[\S+\]:80\n$/)
})

test('what is not understood makes a namespace incomplete, and an address of two namespaces tells neither', () => {
  const { byAddress } = parsePodListen(
    file,
    'pid 1\naddress 10.0.0.1\ntcp 0.0.0.0:80\nmore\npid 2\naddress 10.0.0.2\ntcp nonsense\npid 3\naddress 10.0.0.3\nsctp 10.0.0.3:99\npid 4\naddress 10.0.0.4\npid 5\naddress 10.0.0.4\nmore namespaces\n',
  )
  expect([...byAddress].map(([address, { whole, line }]) => [address, whole, line])).toEqual([
    ['10.0.0.1', false, 1],
    ['10.0.0.2', false, 5],
    ['10.0.0.3', true, 8],
  ])
  expect(byAddress.get('10.0.0.3')?.listeners).toEqual([
    { protocol: 'sctp', address: '10.0.0.3', port: 99, program: null, line: 10 },
  ])
  expect(isGap(parsePodListen(file, ''))).toBe(false)
})
