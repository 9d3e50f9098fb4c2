import { cite } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { known } from '../../../evidence/gap.ts'
import { objectName, type Pod } from '../../../evidence/kubernetes/kinds.ts'
import { podsOf } from '../../../lb/endpoints.ts'
import type { ServiceQuestion } from '../../../evidence/question.ts'
import { protocolOf } from '../../../net/port.ts'
import { counted, inWords } from '../../../net/words.ts'
import { jsonWord, sh, type Command } from '../../../net/shell.ts'
import { fail, said, warn, type Draft } from '../../finding.ts'

/**
 * A target port by name that the containers of the selected pods do not have at the Service's protocol: the endpoints of those pods then
 * have no port at all. Null where each pod names it, whatever its number in each.
 */
export function missingTargetPort(evidence: Evidence, question: ServiceQuestion): Draft | null {
  const { service, servicePort, port } = question
  const target = servicePort.targetPort
  if (typeof target !== 'string' || /^\d+$/.test(target)) return null
  const pods = (known(podsOf(evidence, service)) ?? []).filter(
    ({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
  )
  const without = pods.filter(
    (pod) => !portsOf(pod).some((one) => one.name === target && one.protocol === port.protocol),
  )
  if (without.length === 0) return null
  const name = objectName(service)
  const subject = `service/${name}`
  const proof = [cite(service, 'spec', 'ports'), ...without.slice(0, 2).map((pod) => cite(pod, 'spec', 'containers'))]
  const other = without.flatMap(portsOf).find((one) => one.name === target)
  const names = [...new Set(without.flatMap(portsOf).flatMap((one) => one.name ?? []))].sort()
  const they =
    other !== undefined
      ? `; the port of this name is ${other.protocol.toUpperCase()} there, and the Service’s is ${port.protocol.toUpperCase()}`
      : names.length === 0
        ? ''
        : `; they name ${inWords(names)}`
  const [only, ...more] = names
  const patch = only === undefined || more.length > 0 || other !== undefined ? null : targetPortPatch(question, only)
  const look = [sh`kubectl -n ${service.metadata?.namespace} get service ${service.metadata?.name} -o yaml`]
  const changes = 'With a targetPort that the containers name, or a number, the pods become endpoints of this port.'
  const fix =
    patch === null
      ? { look, advice: changes }
      : { look, summary: `send to the port named ${only ?? ''}`, commands: [patch], changes }
  if (without.length === pods.length)
    return fail(
      'named-port-missing',
      subject,
      said(
        'no container names the target port',
        `Service ${name} sends to the port named ${target}, and no container of its pods names a ${other === undefined ? 'port so' : `${port.protocol.toUpperCase()} port so`}${they}.`,
      ),
      proof,
      fix,
    )
  return warn(
    'named-port-missing-in-some',
    subject,
    said(
      `${counted(without.length, 'pod')} of ${String(pods.length)} without the target port`,
      `Service ${name} sends to the port named ${target}, and ${counted(without.length, 'pod')} of ${String(pods.length)} that it selects ${without.length === 1 ? 'has' : 'have'} no port of this name (${inWords(without.map((pod) => objectName(pod)))})${they}: nothing is sent to ${without.length === 1 ? 'it' : 'them'}.`,
    ),
    proof,
    { fix, blocks: false },
  )
}

/** The command that sends this port of the Service to another one of its pods; null where the port is not found in the Service. */
export function targetPortPatch({ service, servicePort }: ServiceQuestion, to: number | string): Command | null {
  const index = (service.spec?.ports ?? []).findIndex(
    ({ port, name }) => port === servicePort.port && name === servicePort.name,
  )
  const patch = jsonWord([{ op: 'replace', path: `/spec/ports/${String(index)}/targetPort`, value: to }])
  const { namespace, name } = service.metadata ?? {}
  return index === -1 ? null : sh`kubectl -n ${namespace} patch service ${name} --type=json -p ${patch}`
}

/** Containers that run beside the others from the start (init containers with restartPolicy Always) count, too: all of them here. */
const portsOf = ({ spec }: Pod) =>
  [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
    .flatMap(({ ports = [] }) => ports)
    .map(({ name, protocol }) => ({ name, protocol: protocolOf(protocol) ?? 'tcp' }))
