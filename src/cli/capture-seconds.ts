/** How long `--capture` listens where it does not say: MetalLB's five seconds after an election, three of kube-vip's rounds. */
export const captureSeconds = 10

/**
 * The command line with the seconds of a bare `--capture`, which then takes no target for them: oclif knows no flag whose value may be
 * left out.
 */
export function withCaptureSeconds(argv: readonly string[]): string[] {
  const flagsEnd = argv.indexOf('--')
  return argv.map((one, at) =>
    one === '--capture' && (flagsEnd === -1 || at < flagsEnd) ? `--capture=${String(captureSeconds)}` : one,
  )
}
