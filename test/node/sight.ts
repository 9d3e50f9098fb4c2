import { isGap, known } from '../../src/evidence/gap.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { takes } from '../../src/evidence/node/listen.ts'
import { nodeOfPod } from '../../src/node/node-of-pod.ts'
import type { Outcome } from '../../src/node/trace/types.ts'
import { nodeOfInterface } from '../../src/fabric/ec2/node-interfaces.ts'

/** What a client that tries once may see when its packet ends like this at a node, in the words of a recording's truth. */
export function sightsOf(evidence: Evidence, node: string, { fate, packet }: Outcome): readonly string[] {
  const place = packet.destination.text
  switch (fate.kind) {
    case 'delivered':
      return droppedByInterfaceOf(evidence, node, nodeOfPod(evidence, packet.destination))
        ? ['timeout']
        : [`connected, ${podAt(evidence, place) ?? place}`]
    case 'local': {
      const listening = evidence.node(node).listen
      if (isGap(listening)) throw new Error(`${node}: it is not known who listens`)
      const taken = listening.listeners.some((one) => one.port === packet.destinationPort && takes(one, place))
      return taken ? ['connected'] : ['refused']
    }
    case 'rejected':
      return fate.with.includes('port-unreachable') || fate.with === 'tcp-reset' ? ['refused'] : ['no route to host']
    case 'forwarded':
      // Sent back to a network where perhaps nobody answers for the address.
      return ['timeout', 'no route to host']
    case 'dropped':
    case 'no-route':
      return ['timeout']
  }
}

const podAt = (evidence: Evidence, address: string): string | undefined =>
  known(evidence.kubernetes.pods)?.find(({ status }) => (status?.podIPs ?? []).some(({ ip }) => ip === address))
    ?.metadata?.name

/** An interface with its source/dest check on takes nothing that is addressed to a pod behind it. */
function droppedByInterfaceOf(evidence: Evidence, from: string, node: string | null): boolean {
  if (node === null || node === from) return false
  return (known(evidence.aws.networkInterfaces) ?? []).some(
    (eni) => eni.SourceDestCheck === true && known(nodeOfInterface(evidence, eni)) === node,
  )
}

/**
 * The different things that a client saw, without the address that the pod saw. A time-out beside a refusal is ICMP's rate limit
 * (net.ipv4.icmp_ratelimit): the kernel owes each peer one message a second.
 */
export function seen(tries: readonly string[]): readonly string[] {
  const plain = tries.map((text) => {
    const [, guest] = /^connected, hello from \S+ (\S+) on/.exec(text) ?? []
    return guest === undefined
      ? text
          .split(' ')
          .slice(0, text.startsWith('connected,') ? 2 : 4)
          .join(' ')
      : `at ${guest}`
  })
  return [...new Set(plain)].filter((text) => text !== 'timeout' || !plain.includes('refused'))
}
