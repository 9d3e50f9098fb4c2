import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { objectName, type Pod } from '../../evidence/kubernetes/kinds.ts'
import { addressesOfPod, podsOn } from '../../evidence/kubernetes/pods.ts'
import type { WithVip } from '../../evidence/question.ts'
import { parseAddress, sameAddress, type Address } from '../../net/address.ts'
import { addressAndPort } from '../../net/port.ts'
import { sh } from '../../net/shell.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

/** A pod that asks for the question's port of its node, and where it does. */
export interface HostPort {
  readonly pod: Pod
  readonly proof: Proof
}

/**
 * The pods of a node whose `hostPort` is the question's port, at its address. Not those on the host's network: they listen on the node itself
 * (PodSpec, ContainerPort).
 */
export const hostPortsOn = (evidence: Evidence, { vip, port }: WithVip, node: string): readonly HostPort[] =>
  podsOn(evidence, node).flatMap((pod) =>
    pod.spec?.hostNetwork === true || ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '')
      ? []
      : (pod.spec?.containers ?? []).flatMap(({ ports = [] }, at) =>
          ports.flatMap(({ hostPort, hostIP, protocol = 'TCP' }, index): HostPort[] => {
            const only = parseAddress(hostIP)
            const isAsked = hostPort === port.port && protocol.toLowerCase() === port.protocol
            return isAsked && (only === null || isAny(only) || sameAddress(only, vip))
              ? [{ pod, proof: cite(pod, 'spec', 'containers', at, 'ports', index, 'hostPort') }]
              : []
          }),
        ),
  )

const isAny = ({ text }: Address): boolean => text === '0.0.0.0' || text === '::'

/** What is said of a port that rules of the node lead to a pod which asks for it. */
export function toPod(
  node: string,
  { vip, port }: WithVip,
  { pod, proof }: HostPort,
  to: { readonly text: string; readonly port: number; readonly rules: readonly Proof[] },
): Draft {
  const name = objectName(pod)
  const place = `${addressAndPort(to.text, to.port)}, pod ${name}, whose hostPort it is`
  const says = `${node} translates ${addressAndPort(vip.text, port.port)} to ${place}`
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  // A hostPort leads to its pod whether or not that is ready.
  return isReady
    ? pass('host-port', `node/${node}`, said('goes to the pod whose hostPort it is', `${says}.`), [proof, ...to.rules])
    : unknown(
        'host-port-not-ready',
        `node/${node}`,
        said('goes to a pod that is not ready', `${says}; the pod is not ready, and whether it answers is not known.`),
        [],
        [proof, ...to.rules],
      )
}

/** What is said where a pod asks for a port of the node, and no rule leads there. */
export function leadsToNoPod(node: string, { vip, port }: WithVip, { pod, proof }: HostPort): Draft {
  const name = objectName(pod)
  const where = addressAndPort(vip.text, port.port)
  return fail(
    'host-port-not-translated',
    `node/${node}`,
    said(
      'no rule leads to the pod’s hostPort',
      `Pod ${name} asks for ${where} by its hostPort, but no rule of ${node} translates that to ${addressesOfPod(pod)[0]?.text ?? 'its address'}.`,
    ),
    [proof],
    {
      look: [sh`ssh ${node} sudo iptables-save -t nat | grep HOSTPORT`, sh`ssh ${node} ls /etc/cni/net.d`],
      advice:
        'The CNI’s plugin portmap makes that rule: it must stand in the list of plugins in /etc/cni/net.d with the capability portMappings; pods that are there already get it when they are made anew.',
    },
  )
}
