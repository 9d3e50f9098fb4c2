import type { Frame } from './frame.ts'

/*
 * pcapng (draft-ietf-opsawg-pcapng): a section header, one interface for each link type with nanosecond timestamps, and an enhanced
 * packet block a frame. Every block stands for itself: a file that ends behind any of them is whole.
 */
const littleEndian = true
const headerOptions = 8

/** Hands out the blocks of a file: the section's at once, then that of each frame, and before the first of a link type its interface's. */
export function frameBlocks(append: (block: Uint8Array) => void): (frame: Frame) => void {
  const interfaces: number[] = []
  append(sectionHeader())
  return (frame) => {
    let number = interfaces.indexOf(frame.linkType)
    if (number === -1) {
      number = interfaces.push(frame.linkType) - 1
      append(interfaceBlock(frame.linkType))
    }
    append(packetBlock(frame, number))
  }
}

/** The block that begins a file. */
export function sectionHeader(): Uint8Array {
  return block(0x0a0d0d0a, 16, (view) => {
    view.setUint32(0, 0x1a2b3c4d, littleEndian)
    view.setUint16(4, 1, littleEndian)
    view.setBigInt64(8, -1n, littleEndian)
  })
}

/** The block that begins the frames of one link type; interfaces are numbered from 0 in the order of their blocks. */
export function interfaceBlock(linkType: number): Uint8Array {
  return block(1, 8 + headerOptions + 4, (view) => {
    view.setUint16(0, linkType, littleEndian)
    // if_tsresol: 10^-9 s; then the end of the options.
    view.setUint16(8, 9, littleEndian)
    view.setUint16(10, 1, littleEndian)
    view.setUint8(12, 9)
  })
}

/** One frame, on the interface of that number. */
export function packetBlock({ timeNs, bytes, originalLength }: Frame, number: number): Uint8Array {
  return block(6, 20 + padded(bytes.length), (view) => {
    view.setUint32(0, number, littleEndian)
    view.setUint32(4, Number(timeNs >> 32n), littleEndian)
    view.setUint32(8, Number(timeNs & 0xffff_ffffn), littleEndian)
    view.setUint32(12, bytes.length, littleEndian)
    view.setUint32(16, originalLength, littleEndian)
    new Uint8Array(view.buffer, view.byteOffset + 20).set(bytes)
  })
}

const padded = (length: number): number => length + ((4 - (length % 4)) % 4)

function block(type: number, bodyLength: number, fill: (body: DataView) => void): Uint8Array {
  const length = bodyLength + 12
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, littleEndian)
  view.setUint32(4, length, littleEndian)
  view.setUint32(length - 4, length, littleEndian)
  fill(new DataView(bytes.buffer, 8, bodyLength))
  return bytes
}
