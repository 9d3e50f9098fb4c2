import type { Evidence } from '../../evidence/evidence.ts'
import { cite, type Proof } from '../../evidence/cite.ts'
import { isGap, type Known } from '../../evidence/gap.ts'
import { parseCidr, type Cidr } from '../../net/range.ts'

/**
 * A range of a subnet that is set aside: `explicit` for addresses that are given by hand, `prefix` for delegated prefixes (VPC User
 * Guide, "Subnet CIDR reservations").
 */
export interface Reservation {
  readonly range: Cidr
  readonly type: string
  readonly id: string
  readonly proof: () => Proof
}

/** The reservations of a subnet, of both families; a gap where they were not read. */
export function reservationsOf(evidence: Evidence, subnetId: string): Known<readonly Reservation[]> {
  const answer = evidence.aws.cidrReservations(subnetId)
  if (isGap(answer)) return answer
  return (['SubnetIpv4CidrReservations', 'SubnetIpv6CidrReservations'] as const).flatMap((member) =>
    (answer[member] ?? []).flatMap(({ Cidr: text, ReservationType, SubnetCidrReservationId }, index) => {
      const range = parseCidr(text)
      return range === null
        ? []
        : [
            {
              range,
              type: ReservationType ?? '',
              id: SubnetCidrReservationId ?? '',
              proof: () => cite(answer, member, index),
            },
          ]
    }),
  )
}
