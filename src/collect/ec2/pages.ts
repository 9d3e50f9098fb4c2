import type { AwsAction } from '../../evidence/ec2/kinds.ts'
import type { ApiAnswer, ApiCall } from './client.ts'

/**
 * Asks for every page of a listing and joins the lists that the pages hold, in order, as `aws ec2` prints them: dates in the API's own
 * notation, no NextToken, members that no page had left out. `lists` are the members that must be there even where nothing was found.
 * Rejects with the SDK's error, and where the API gives the same token twice, which would never end.
 */
export async function allPages(
  call: ApiCall,
  action: AwsAction,
  input: Readonly<Record<string, unknown>>,
  lists: readonly string[],
): Promise<ApiAnswer> {
  const joined: Record<string, unknown> = {}
  const seen = new Set<string>()
  let token: string | undefined
  do {
    const page = await call(action, token === undefined ? input : { ...input, NextToken: token })
    for (const [member, value] of Object.entries(page)) {
      if (member === '$metadata' || member === 'NextToken' || value === undefined) continue
      const before = joined[member]
      joined[member] =
        Array.isArray(before) && Array.isArray(value) ? [...(before as unknown[]), ...(value as unknown[])] : value
    }
    token = typeof page.NextToken === 'string' && page.NextToken !== '' ? page.NextToken : undefined
    if (token !== undefined && seen.has(token)) throw new Error(`${action} gave the same page twice`)
    if (token !== undefined) seen.add(token)
  } while (token !== undefined)
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
