import { serviceOf } from '../evidence/question.ts'
import { cite } from '../evidence/cite.ts'
import type { Announcer } from './announcer.ts'
import { byMarks, running } from './by-marks.ts'

/** Gives a Service a load balancer of AWS. */
export const awsController = byMarks('the AWS Load Balancer Controller', {
  classes: ['service.k8s.aws/nlb', 'eks.amazonaws.com/nlb'],
  finalizers: ['service.k8s.aws/resources'],
})

/** Announces by BGP where its flag says so. */
export const kubeRouter = {
  ...byMarks('kube-router', { classes: ['kube-router'] }),
  mayAnnounce: running('kube-router', /\bkube-router\b/, /^--advertise-loadbalancer-ip(?:=true)?$/),
}

/** A status with a host name was written by the controller of a cloud: nobody else here writes one. */
export const cloudController: Announcer<'a cloud controller'> = {
  ...byMarks('a cloud controller', {}),
  serves: (_, question) => {
    const service = serviceOf(question)
    const at = service?.status?.loadBalancer?.ingress?.findIndex(({ hostname = '' }) => hostname !== '') ?? -1
    const hostname = service?.status?.loadBalancer?.ingress?.[at]?.hostname
    return service === null || hostname === undefined
      ? null
      : {
          by: 'mark',
          why: `its status names ${hostname}`,
          proof: [cite(service, 'status', 'loadBalancer', 'ingress', at, 'hostname')],
        }
  },
}

/** Announces by ARP or BGP, by objects that are not read. */
export const openElb = { ...byMarks('OpenELB', {}), mayAnnounce: running('OpenELB', /\bopenelb\b/) }

/** Announces by ARP or BGP, by objects that are not read. */
export const pureLb = { ...byMarks('PureLB', {}), mayAnnounce: running('PureLB', /\bpurelb\b/) }
