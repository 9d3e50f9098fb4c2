/** Commands, ids and places in files are copied, so they are never broken. */
const isCopied = (line: string): boolean =>
  / {2,}(?:What else: )?(aws|curl|echo|ip|kubectl|openstack|govc|hcloud|ssh|sudo|vipdoctor) /.test(line) ||
  /^ +[\w.-]+(\/[\w.-]+)+( \/\S*|:\d+)?$/.test(line) ||
  !/\S\s+\S/.test(line.trim())

/** The lines of a report that are longer than a terminal is wide, but for what is copied. */
export const tooLong = (text: string, width: number): readonly string[] =>
  text.split('\n').filter((line) => line.length > width && !isCopied(line))

/** The sentences that a report says more than once. */
export function saidTwice(text: string): readonly string[] {
  const sentences = text
    .split(/\n\n|\n(?= {2,6}(?:Fix|Look|Proof|- |\d\.|kubectl|aws|ssh|echo|sudo))/)
    .flatMap((block) => block.replace(/\s+/g, ' ').split(/(?<=[.!?]) (?=[A-Z])/))
    .map((sentence) => sentence.trim())
    // Which nodes a cause holds for is said of each.
    .filter((sentence) => /^[A-Z].{25,}\.$/.test(sentence) && !sentence.startsWith('The same holds on '))
  return sentences.filter((sentence, at) => sentences.indexOf(sentence) < at)
}
