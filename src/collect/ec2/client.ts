import type { EC2Client } from '@aws-sdk/client-ec2'
import type { AwsAction } from '../../evidence/ec2/kinds.ts'
import type { ProxyFor } from '../../net/proxy.ts'
import type { AnswerLimits } from '../answer-limits.ts'
import { handlerFor } from './handler.ts'

/** One answer of an API, as the SDK gives it: members named as the API names them. */
export type ApiAnswer = Readonly<Record<string, unknown>>

/** Calls an action by its name (`DescribeSubnets`). Rejects with the SDK's error. */
export type ApiCall = (action: AwsAction, input: Readonly<Record<string, unknown>>) => Promise<ApiAnswer>

/** One account in one region, to be asked; `region` is null where nothing says which. */
export interface Account {
  readonly region: string | null
  readonly ec2: ApiCall
  /** Who asks: `GetCallerIdentity` of STS, which needs no permission. */
  readonly callerIdentity: () => Promise<ApiAnswer>
  readonly close: () => void
}

/** How an account is asked. `profile` null: as the AWS CLI chooses without one; the timeout is in milliseconds, for one request. */
export interface AccountOptions {
  /** Null: what the profile's configuration says. */
  readonly region: string | null
  readonly profile: string | null
  readonly signal: AbortSignal
  readonly requestTimeoutMs: number
  readonly limits?: AnswerLimits
  /** As the AWS CLI goes through a proxy; null: none. */
  readonly proxyFor?: ProxyFor
}

/** A page of 1,000 instances is some 10 MB. */
const answerLimits: AnswerLimits = { bytes: 64 * 1024 ** 2, ms: 120_000 }

/**
 * Loads the AWS SDK and makes a client that only this program's calls go through. Retries are adaptive: a
 * throttled account slows us down instead of failing us. Credentials and endpoints are found as the SDK finds them
 * (environment, profile, SSO, instance role; `AWS_ENDPOINT_URL_EC2`).
 */
export async function openAccount(options: AccountOptions): Promise<Account> {
  // The SDK warns on standard error about Node 20, which is the newest that this release of it is pinned for.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  const sdk = await import('./sdk.ts')
  const settings = {
    ...(options.profile === null ? {} : { profile: options.profile }),
    retryMode: 'adaptive',
    maxAttempts: 6,
    requestHandler: await handlerFor(options.requestTimeoutMs, options.limits ?? answerLimits, options.proxyFor),
  }
  const region = options.region ?? (await regionOfProfile(new sdk.EC2Client(settings)))
  const client = new sdk.EC2Client({ ...settings, region: region ?? 'us-east-1' })
  return {
    region,
    ec2: async (action, input) => {
      const command = new sdk.commands[action](input)
      return (await client.send(command, { abortSignal: options.signal })) as unknown as ApiAnswer
    },
    callerIdentity: async () => {
      // Of the clients none is destroyed by itself: they send through one handler, on which another's requests may be under way.
      const sts = new sdk.STSClient({ ...settings, region: region ?? 'us-east-1' })
      const { UserId, Account, Arn } = await sts.send(new sdk.GetCallerIdentityCommand({}), {
        abortSignal: options.signal,
      })
      return { UserId, Account, Arn }
    },
    close: () => {
      client.destroy()
    },
  }
}

async function regionOfProfile(client: EC2Client): Promise<string | null> {
  try {
    return await client.config.region()
  } catch {
    return null // "Region is missing": neither the environment nor the profile names one.
  }
}
