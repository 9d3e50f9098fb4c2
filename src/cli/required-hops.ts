import { hops, type Hop } from '../checks/hop.ts'
import { UserError } from '../evidence/user-error.ts'

/** Reads `--require HOP,…`. @throws UserError for a hop that is none. */
export const parseHops = (text: string | undefined): readonly Hop[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const hop = hops.find((one) => one === part)
      if (hop === undefined)
        throw new UserError(`--require: there is no hop ${JSON.stringify(part)}.`, `The hops are ${hops.join(', ')}.`)
      return hop
    })
