import type { AwsAction } from '../../evidence/ec2/kinds.ts'
import { AnswerError } from '../answer-limits.ts'
import type { ApiAnswer, ApiCall } from './client.ts'

/** At least five items each (EC2 API reference, MaxResults), and mostly a thousand: more than any account has of one kind. */
const mostPages = 2000

/**
 * Asks for every page of a listing and joins the lists that the pages hold, in order, as `aws ec2` prints them: dates in the API's own
 * notation, no NextToken, members that no page had left out. Of `lists` each page has one at least; those that no page had are empty.
 * Rejects with the SDK's error, and where pages have no end: the API gives the same token twice, or too many.
 */
export async function allPages(
  call: ApiCall,
  action: AwsAction,
  input: Readonly<Record<string, unknown>>,
  lists: readonly string[],
): Promise<ApiAnswer> {
  const joined: Record<string, unknown> = {}
  const seen = new Set<string>()
  for (let token = ''; ;) {
    const page = await call(action, token === '' ? input : { ...input, NextToken: token })
    // EC2 sends the element of an empty list, too; of nothing, or of the page of a proxy, the SDK makes an answer without any.
    if (!lists.some((list) => Array.isArray(page[list]))) throw new AnswerError(`its answer has no ${lists.join(', ')}`)
    for (const [member, value] of Object.entries(page)) {
      if (member === '$metadata' || member === 'NextToken' || value === undefined) continue
      const before = joined[member]
      joined[member] =
        Array.isArray(before) && Array.isArray(value) ? [...(before as unknown[]), ...(value as unknown[])] : value
    }
    token = typeof page.NextToken === 'string' ? page.NextToken : ''
    if (token === '') break
    if (seen.has(token)) throw new AnswerError('its pages go round: one says again what comes next')
    if (seen.add(token).size >= mostPages)
      throw new AnswerError(`its pages have no end: ${String(mostPages)} were read`)
  }
  for (const list of lists) joined[list] ??= []
  return joined
}

/** The most that a page of each action may hold (EC2 API reference, MaxResults); what is not here has no pages, or takes none with ids. */
export const pageSizes: Readonly<Partial<Record<AwsAction, number>>> = {
  DescribeInstances: 1000,
  DescribeNetworkInterfaces: 1000,
  DescribeVpcs: 1000,
  DescribeSubnets: 1000,
  DescribeRouteTables: 100,
  DescribeNetworkAcls: 1000,
  DescribeSecurityGroups: 1000,
  DescribeSecurityGroupRules: 1000,
  DescribeInternetGateways: 1000,
  DescribeNatGateways: 1000,
  DescribeManagedPrefixLists: 100,
  GetManagedPrefixListEntries: 100,
  GetSubnetCidrReservations: 1000,
}
