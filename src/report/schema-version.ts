/** Raised where a field changes its meaning, never where one is added. */
export const schemaVersion = 1
