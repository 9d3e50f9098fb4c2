// What a figure of a benchmark should be: `{ seconds: [0, 10] }` is at least 0 and at most 10, by the name of the figure.

const holds = (figure, [least, most]) => typeof figure === 'number' && figure >= least && figure <= most

/** Whether every figure of a row is within its bounds; one that was not measured is not. */
export const isMet = (aim, row) => Object.entries(aim).every(([name, bounds]) => holds(row[name], bounds))

/** `seconds at most 10, residentMiB at most 1000`. */
export const inWords = (aim) =>
  Object.entries(aim)
    .map(([name, [least, most]]) => `${name} ${most === Infinity ? `at least ${least}` : `at most ${most}`}`)
    .join(', ')
