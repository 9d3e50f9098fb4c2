import { AnswerError, SilenceError } from '../answer-limits.ts'

interface ServiceError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly cause?: unknown
}

/** What went wrong with a call: the reason, as a gap states it, and whether every other call would go wrong in the same way. */
export interface Refusal {
  readonly reason: string
  readonly everywhere: boolean
  /** Nothing came: if no other call was answered either, none will be. */
  readonly silent?: true
}

/** What the SDK adds to the message of any error that came while it read an answer, for whoever calls it. */
const sdksHint = /\n\s*Deserialization error: .*$/s

const login = 'log in again, or name a profile by --profile'

/** Reads an error of the SDK by its name, never by its HTTP status, which the API does not promise. */
export function refusalOf(error: unknown, action: string, region: string): Refusal {
  const { name, message, code } = asServiceError(error)
  const words = message.replace(sdksHint, '').replace(/\s+/g, ' ').trim().replace(/\.$/, '')
  const unusable = `${action} of the EC2 API in ${region} cannot be used: `
  if (error instanceof SilenceError)
    return { ...only(`the EC2 API in ${region} did not answer ${action} in time`), silent: true }
  if (error instanceof AnswerError) return only(`${action} of the EC2 API in ${region} cannot be used: ${words}`)
  switch (name) {
    case 'UnauthorizedOperation':
    case 'AccessDenied':
    case 'AccessDeniedException':
      return only(`permission ec2:${action} is missing (see \`vipdoctor policy --aws\`)`)
    case 'AuthFailure':
    case 'InvalidClientTokenId':
    case 'SignatureDoesNotMatch':
    case 'UnrecognizedClientException':
      return all(`the AWS credentials are not valid, or this clock is wrong (${name}: ${words})`)
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'RequestExpired':
      return all(`the AWS session has expired (${name}); ${login}`)
    case 'OptInRequired':
      return all(`region ${region} is not enabled for this account (OptInRequired)`)
    case 'Blocked':
    case 'PendingVerification':
      return all(`the AWS account may not be used now (${name}: ${words})`)
    case 'CredentialsProviderError':
    case 'TokenProviderError':
      return all(`no AWS credentials (${words}); ${login}`)
    case 'RequestLimitExceeded':
    case 'EC2ThrottledException':
    case 'Throttling':
    case 'ThrottlingException':
      return only(`the EC2 API kept throttling ${action} (${name})`)
    case 'AbortError':
      return all('interrupted')
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return all(`the EC2 API of ${region} has no address (${code}); is the region right`)
  if (code === 'ECONNREFUSED' || code === 'ENETUNREACH' || code === 'EHOSTUNREACH')
    return all(`the EC2 API of ${region} cannot be reached (${code})`)
  if (code === 'ECONNRESET' || code === 'EPIPE') return only(`the connection broke during ${action} (${code})`)
  if (sdksHint.test(message)) return only(`${unusable}its answer cannot be read (${words})`)
  return only(`${action} failed (${name}: ${words})`)
}

const only = (reason: string): Refusal => ({ reason, everywhere: false })
const all = (reason: string): Refusal => ({ reason, everywhere: true })

function asServiceError(error: unknown): ServiceError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const code = (error as NodeJS.ErrnoException).code ?? (error.cause as NodeJS.ErrnoException | undefined)?.code
  return code === undefined ? error : { name: error.name, message: error.message, code }
}
