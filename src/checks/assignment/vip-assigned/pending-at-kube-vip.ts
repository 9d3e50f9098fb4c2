import { cite, citeList, type Proof } from '../../../evidence/cite.ts'
import { isGap } from '../../../evidence/gap.ts'
import { kubernetesFile, objectName, type Service } from '../../../evidence/kubernetes/kinds.ts'
import {
  cloudPool,
  cloudProviderInstalled,
  heldOf,
  poolConfigMap,
  poolKeys,
} from '../../../lb/kube-vip/cloud-provider.ts'
import { addressSource, refusalOf, servicePods } from '../../../lb/kube-vip/pods.ts'
import { ofItsClass } from '../../../lb/metallb/announcer.ts'
import { metallbInstalled } from '../../../lb/metallb/install.ts'
import { inWords } from '../../../net/words.ts'
import type { Context } from '../../check.ts'
import { fabricOf } from '../../../fabric/index.ts'
import { jsonWord, sh } from '../../../net/shell.ts'
import { fail, said, unknown, type Draft, type Remedy } from '../../finding.ts'

/** Why a Service is pending in a cluster where kube-vip serves Services; null where kube-vip does not, or where MetalLB ought to. */
export function whyPendingAtKubeVip(context: Context, service: Service): Draft | null {
  const { evidence } = context
  const pods = servicePods(evidence)
  const [first] = pods
  if (first === undefined) return null
  const metallb = metallbInstalled(evidence)
  if (isGap(metallb) || (metallb && ofItsClass(evidence, service))) return null
  const name = objectName(service)
  const subject = `service/${name}`
  const refusals = pods.map(({ settings }) => refusalOf(settings, service))
  const [refusal] = refusals
  if (refusal !== undefined && refusal !== null && !refusals.includes(null)) {
    return fail(
      'kube-vip-refuses',
      subject,
      said('kube-vip leaves it alone', `Service ${name} is pending because kube-vip leaves it alone: ${refusal.why}.`),
      [cite(service, ...refusal.at)],
      mendRefusal(service, refusal.at),
    )
  }
  if (addressSource(service) === null) return withoutAddress(context, service)
  const silent = pods.every(({ settings }) => !settings.updatesStatus)
  return fail(
    'not-in-status',
    subject,
    said(
      'kube-vip did not put it into the status',
      `Service ${name} has the address ${addressOf(service)}, but kube-vip has not put it into the Service's status, so kube-proxy makes no rule for it${silent ? ': disable_service_updates is true' : ''}.`,
    ),
    [cite(service, 'status', 'loadBalancer'), ...addressProof(service)],
    {
      look: [
        sh`kubectl -n ${first.pod.metadata?.namespace ?? 'kube-system'} logs ${first.pod.metadata?.name} --tail=50`,
        'kubectl get leases -A | grep -e plndr -e kubevip',
      ],
      advice: silent
        ? 'Without disable_service_updates kube-vip writes the status itself.'
        : 'Only the node that leads writes the status: its kube-vip says why it does not.',
    },
    { consequenceOf: ['control/kube-vip'] },
  )
}

function withoutAddress({ evidence, question }: Context, service: Service): Draft {
  const { choosing } = fabricOf(question).words
  const name = objectName(service)
  const subject = `service/${name}`
  const { namespace = 'default' } = service.metadata ?? {}
  const provider = cloudProviderInstalled(evidence)
  const configMap = poolConfigMap(evidence)
  if (isGap(provider) || isGap(configMap))
    return unknown(
      'kube-vip-pool-not-known',
      subject,
      said(
        'its pool is not known',
        `Service ${name} is pending, and it is not known whether kube-vip-cloud-provider has a pool for it.`,
      ),
      [provider, configMap].filter(isGap),
    )
  if (!provider)
    return fail(
      'kube-vip-no-provider',
      subject,
      said(
        'nothing gives the Service an address',
        `Service ${name} is pending because it has no address and nothing gives it one: kube-vip takes what kube-vip.io/loadbalancerIPs or spec.loadBalancerIP says, and kube-vip-cloud-provider is not installed.`,
      ),
      [
        citeList(kubernetesFile('pods'), '/items', 'no kube-vip-cloud-provider among them'),
        cite(service, 'metadata', 'annotations'),
      ],
      {
        summary: 'tell kube-vip its address (replace <address>)',
        commands: [
          sh`kubectl -n ${namespace} annotate service ${service.metadata?.name} 'kube-vip.io/loadbalancerIPs=<address>'`,
        ],
        changes: `${choosing} With kube-vip-cloud-provider and the ConfigMap kube-system/kubevip every Service gets one by itself.`,
      },
    )
  const pool = configMap === null ? null : cloudPool(configMap, namespace)
  if (configMap === null || pool === null) {
    const where =
      configMap === null
        ? 'there is no ConfigMap kube-system/kubevip'
        : 'ConfigMap kube-system/kubevip has no pool for its namespace'
    return fail(
      'kube-vip-no-pool',
      subject,
      said(
        'kube-vip-cloud-provider has no pool for it',
        `Service ${name} is pending because kube-vip-cloud-provider has no address to give: ${where} (${inWords(poolKeys(namespace))}).`,
      ),
      [
        configMap === null
          ? citeList(kubernetesFile('configmaps'), '/items', 'no kube-system/kubevip among them')
          : cite(configMap, 'data'),
      ],
      {
        summary: 'give kube-vip-cloud-provider a pool (replace <first>-<last>)',
        commands: [
          configMap === null
            ? `kubectl -n kube-system create configmap kubevip '--from-literal=range-global=<first>-<last>'`
            : sh`kubectl -n kube-system patch configmap kubevip --type merge -p ${jsonWord({ data: { 'range-global': '<first>-<last>' } })}`,
        ],
        changes: `${choosing} Every pending Service gets an address of the pool.`,
      },
    )
  }
  const shadowed = pool.shadowed === null ? '' : ` ${pool.key} comes before ${pool.shadowed}, which is never looked at.`
  const held = heldOf(evidence, pool)
  const proof = [cite(pool.configMap, 'data', pool.key)]
  const more = pool.key.startsWith('cidr-') ? '<network>/<length>' : '<first>-<last>'
  if (BigInt(held) >= pool.size)
    return fail(
      'kube-vip-pool-full',
      subject,
      said(
        'its pool at kube-vip-cloud-provider is full',
        `Service ${name} is pending because the pool ${pool.key} of kube-vip-cloud-provider is full: Services have all of its ${pool.size.toString()} addresses.${shadowed}`,
      ),
      proof,
      {
        summary: `widen ${pool.key} (replace ${more})`,
        commands: [
          sh`kubectl -n kube-system patch configmap kubevip --type merge -p ${jsonWord({ data: { [pool.key]: `${pool.configMap.data?.[pool.key] ?? ''},${more}` } })}`,
        ],
        changes: `The pool keeps the addresses that it has. ${choosing}`,
      },
    )
  return fail(
    'kube-vip-pool-not-used',
    subject,
    said(
      'kube-vip-cloud-provider has not handled it',
      `Service ${name} is pending although the pool ${pool.key} of kube-vip-cloud-provider has ${(pool.size - BigInt(held)).toString()} free addresses: the provider has not handled it.${shadowed}`,
    ),
    proof,
    {
      look: [
        'kubectl -n kube-system get deployment kube-vip-cloud-provider',
        'kubectl -n kube-system logs deployment/kube-vip-cloud-provider --tail=50',
      ],
    },
  )
}

function mendRefusal(service: Service, at: readonly string[]): Remedy {
  const { namespace = 'default', name } = service.metadata ?? {}
  if (at.includes('annotations'))
    return {
      summary: 'take away the annotation for which kube-vip leaves it alone',
      commands: [sh`kubectl -n ${namespace} annotate service ${name} ${`${at.at(-1) ?? ''}-`}`],
      changes: 'kube-vip takes the Service.',
    }
  return {
    look: [sh`kubectl -n ${namespace} get service ${name} -o yaml`],
    advice:
      'Its class cannot be changed: create it again with the class that kube-vip handles (lb_class_name), or widen what kube-vip takes (lb_class_only, svc_namespace).',
  }
}

const addressOf = (service: Service): string =>
  service.metadata?.annotations?.['kube-vip.io/loadbalancerIPs'] ?? service.spec?.loadBalancerIP ?? ''

function addressProof(service: Service): readonly Proof[] {
  return addressSource(service) === 'annotation'
    ? [cite(service, 'metadata', 'annotations', 'kube-vip.io/loadbalancerIPs')]
    : [cite(service, 'spec', 'loadBalancerIP')]
}
