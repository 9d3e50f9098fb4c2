/** What the program that listens by libpcap says when it ends, where the kernel may have had more frames than its buffer has places. */
export const framesMayBeMissing = 'libpcap may have lost frames'
