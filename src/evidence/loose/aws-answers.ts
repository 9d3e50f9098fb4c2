import { awsFile, awsKinds, awsListsById, type AwsKindName } from '../ec2/kinds.ts'
import { alwaysThere } from '../ec2/always.ts'
import { memberOf } from '../part.ts'

const names = Object.keys(awsKinds) as AwsKindName[]

const idMembers = new Map(
  names.map((name) => [awsFile(name), (alwaysThere[name] ?? Object.keys(awsKinds[name].shape))[0] ?? '']),
)

const byMember = new Map<string, AwsKindName>(names.map((name) => [awsKinds[name].member, name]))

/** The file of a bundle for the list that an answer of the AWS CLI has as such a member; null where nobody reads it. */
export function fileOfAwsMember(member: string, list: unknown): string | null {
  const name = byMember.get(member)
  if (name === undefined) return null
  // describe-prefix-lists has the same member, and lists what AWS manages under other names.
  const isOther = name === 'managedPrefixLists' && Array.isArray(list) && memberOf(list[0], 'Cidrs') !== undefined
  return isOther ? null : awsFile(name)
}

interface Item {
  readonly behind: string
  readonly value: unknown
  readonly isListed: boolean
}

/** The items of an answer's list, each with its pointer behind that of the list: of reservations the instances. */
export function awsItems(list: readonly unknown[]): readonly Item[] {
  return list.flatMap((one, at): readonly Item[] => {
    const instances = memberOf(one, 'Instances')
    return Array.isArray(instances)
      ? instances.map((value: unknown, index) => ({
          behind: `/${String(at)}/Instances/${String(index)}`,
          value,
          isListed: false,
        }))
      : [{ behind: `/${String(at)}`, value: one, isListed: true }]
  })
}

/** What tells an item of a listing from its others; null where it has no such id. */
export function idOfAwsItem(into: string, item: unknown): string | null {
  const id = memberOf(item, idMembers.get(into) ?? '')
  return typeof id === 'string' ? id : null
}

/** The same for one item by itself, by the members that EC2 gives each of its kind; of several kinds the one with the most of them. */
export function fileOfBareAwsItem(item: unknown): string | null {
  const [name] = names
    .filter((one) => (alwaysThere[one] ?? []).every((member) => memberOf(item, member) !== undefined))
    .filter((one) => alwaysThere[one] !== undefined)
    .sort((one, other) => (alwaysThere[other]?.length ?? 0) - (alwaysThere[one]?.length ?? 0))
  return name === undefined ? null : awsFile(name)
}

/** The same for an answer that is no list: who asked, and the reservations of a subnet, which name it. */
export function fileOfAwsObject(answer: unknown): string | null {
  if (['UserId', 'Account', 'Arn'].every((member) => typeof memberOf(answer, member) === 'string'))
    return 'aws/caller-identity.json'
  const reservations = memberOf(answer, 'SubnetIpv4CidrReservations')
  const [first] = Array.isArray(reservations) ? (reservations as unknown[]) : []
  const subnet = memberOf(first, 'SubnetId')
  return typeof subnet === 'string' ? awsListsById.cidrReservations.file(subnet) : null
}

/** An answer as the AWS CLI prints it, with these items. */
export function awsAnswer(into: string, items: readonly unknown[]): unknown {
  const name = names.find((one) => awsFile(one) === into)
  if (name === undefined) return items[0]
  const kind = awsKinds[name]
  return { [kind.member]: 'inner' in kind ? [{ [kind.inner]: items }] : items }
}
