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
}

const login = 'log in again, or name a profile by --profile'

/** Reads an error of the SDK by its name, never by its HTTP status, which the API does not promise. */
export function refusalOf(error: unknown, action: string, region: string): Refusal {
  const { name, message, code } = asServiceError(error)
  const words = message.replace(/\s+/g, ' ').trim().replace(/\.$/, '')
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
    case 'TimeoutError':
      return only(`the EC2 API in ${region} did not answer ${action} in time`)
    case 'AbortError':
      return all('interrupted')
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return all(`the EC2 API of ${region} has no address (${code}); is the region right`)
  if (code === 'ECONNREFUSED' || code === 'ENETUNREACH' || code === 'EHOSTUNREACH')
    return all(`the EC2 API of ${region} cannot be reached (${code})`)
  if (code === 'ECONNRESET' || code === 'EPIPE') return only(`the connection broke during ${action} (${code})`)
  return only(`${action} failed (${name}: ${words})`)
}

const only = (reason: string): Refusal => ({ reason, everywhere: false })
const all = (reason: string): Refusal => ({ reason, everywhere: true })

function asServiceError(error: unknown): ServiceError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const code = (error as NodeJS.ErrnoException).code ?? (error.cause as NodeJS.ErrnoException | undefined)?.code
  return code === undefined ? error : { name: error.name, message: error.message, code }
}
