import { cite } from '../../../evidence/cite.ts'
import { objectName, type Service } from '../../../evidence/kubernetes/kinds.ts'
import { servedBy } from '../../../lb/announcers.ts'
import { annotationInstead, askedAddresses } from '../../../lb/asked-addresses.ts'
import { sh } from '../../../net/shell.ts'
import { inWords, startOf } from '../../../net/words.ts'
import type { Context } from '../../check.ts'
import { fail, said, type Draft } from '../../finding.ts'

/** The Service asked for an address and has others: by an annotation that whoever serves it does not read, else for a reason that its events tell. */
export function hasAnother({ evidence, question }: Context, service: Service, has: readonly string[]): Draft {
  const { namespace = 'default', name } = service.metadata ?? {}
  const subject = `service/${objectName(service)}`
  const proof = [cite(service, 'status', 'loadBalancer', 'ingress')]
  const says = `Service ${objectName(service)} has ${inWords(has)}, and not the address that was asked for`
  const server = servedBy(evidence, question)?.announcer.name
  const asked = askedAddresses(service)
  const [first] = asked
  const instead = server === undefined || first === undefined ? null : annotationInstead(server, first)
  if (server === undefined || first?.annotation == null || instead === null)
    return fail('another-address', subject, said('the Service has another address', `${says}.`), proof, {
      look: [sh`kubectl -n ${namespace} describe service ${name}`],
    })
  const wanted = asked.filter(({ annotation }) => annotation === first.annotation).map(({ address }) => address.text)
  return fail(
    'annotation-not-read',
    subject,
    said(
      `${server} does not read how it is asked`,
      `${says}: ${startOf(server)}, which serves it, does not read the annotation ${first.annotation}, but ${instead}.`,
    ),
    [cite(service, 'metadata', 'annotations', first.annotation), ...proof],
    {
      summary: `ask ${server} for it`,
      commands: [
        sh`kubectl -n ${namespace} annotate service ${name} ${`${instead}=${wanted.join(',')}`} ${`${first.annotation}-`}`,
      ],
      changes: `The Service gives ${inWords(has)} back; clients of that lose it.`,
    },
  )
}
