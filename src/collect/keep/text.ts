/** What stands for a value that is not kept. */
export const masked = '***'

const patterns: readonly (readonly [RegExp, string])[] = [
  // user:password@host of any URL, and the values of its query.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']*@/gi, `$1${masked}@`],
  [/([?&][\w.~-]+=)[^&\s"']+/g, `$1${masked}`],
  [/\b(bearer|basic)\s+[^\s"',;]+/gi, `$1 ${masked}`],
  [/(--?[\w-]*(?:pass|secret|token|key|cred)[\w-]*[= ]\s*)("[^"]*"|'[^']*'|\S+)/gi, `$1${masked}`],
  [/((?:^|\s)-p\s+)\S+/g, `$1${masked}`],
  [
    /(["']?[\w.-]*(?:passw|passphrase|secret|token|credential|private.?key|api.?key|auth)[\w.-]*["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;}]+)/gi,
    `$1${masked}`,
  ],
  // A JSON web token, a key of AWS, and any long run of letters and digits that no name or address is.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, masked],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, masked],
  [/[A-Za-z0-9+=]{40,}/g, masked],
]

/**
 * A message that a person wrote a program to write, without what a credential looks like in one. Messages are kept only where a check reads
 * them; this is for what their authors put in by mistake.
 */
export const withoutCredentials = (text: string): string =>
  patterns.reduce((rest, [pattern, by]) => rest.replace(pattern, by), text)
