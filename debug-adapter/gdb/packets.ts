/**
 * The outermost layer of the GDB remote protocol ("Overview" in gdb's manual, appendix E): bytes on the wire become
 * packets, acknowledgements and interrupts, and replies become bytes. It never fails: what is no packet is dropped, and
 * a packet whose checksum is wrong is told of, so that it can be asked for again. Contents are latin-1 strings, one
 * character a byte.
 */
export type WireEvent =
  | { kind: 'packet'; content: string }
  /** Its checksum is wrong, or it is longer than a packet can be. */
  | { kind: 'damaged' }
  | { kind: 'acknowledged'; well: boolean }
  /** Ctrl-C: comes between packets while the target runs. */
  | { kind: 'interrupt' };

/** What `PacketSize` tells: the longest content that either side sends. */
export const PACKET_BYTES_MAX = 0x4000;

const START = 0x24; // $
const END = 0x23; // #
const ESCAPE = 0x7d; // }
const ESCAPE_FLIP = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const INTERRUPT = 0x03;

export class PacketReader {
  /** The packet under way: its bytes after the `$`, as they came. */
  private bytes: number[] | undefined;
  /** The checksum's digits; undefined before the `#`. */
  private digits: string | undefined;

  read(bytes: Uint8Array): WireEvent[] {
    const events: WireEvent[] = [];
    for (const byte of bytes) {
      const event = this.bytes === undefined ? this.between(byte) : this.inside(this.bytes, byte);
      if (event) events.push(event);
    }
    return events;
  }

  private between(byte: number): WireEvent | undefined {
    switch (byte) {
      case START:
        this.bytes = [];
        this.digits = undefined;
        return undefined;
      case PLUS:
      case MINUS:
        return { kind: 'acknowledged', well: byte === PLUS };
      case INTERRUPT:
        return { kind: 'interrupt' };
      default:
        return undefined;
    }
  }

  private inside(bytes: number[], byte: number): WireEvent | undefined {
    if (this.digits !== undefined) {
      this.digits += String.fromCharCode(byte);
      return this.digits.length === 2 ? this.finished(bytes, this.digits) : undefined;
    }
    if (byte === END) this.digits = '';
    // A packet that breaks off is followed by the next one: `$` is always escaped inside.
    else if (byte === START) bytes.length = 0;
    else if (bytes.length <= 2 * PACKET_BYTES_MAX) bytes.push(byte);
    return undefined;
  }

  private finished(bytes: number[], digits: string): WireEvent {
    this.bytes = undefined;
    const isRight = /^[0-9a-fA-F]{2}$/.test(digits) && parseInt(digits, 16) === checksum(bytes);
    const content = isRight ? unescape(bytes) : undefined;
    if (content === undefined || content.length > PACKET_BYTES_MAX) return { kind: 'damaged' };
    return { kind: 'packet', content };
  }
}

/** A reply on the wire. */
export function encodePacket(content: string): Uint8Array {
  const bytes = [...content].map((character) => character.charCodeAt(0) & 0xff);
  const sum = checksum(bytes).toString(16).padStart(2, '0');
  return Uint8Array.from([START, ...bytes, END, sum.charCodeAt(0), sum.charCodeAt(1)]);
}

/** For contents that are not hexadecimal: the four bytes with a meaning are escaped. */
export function escapeBinary(text: string): string {
  return text.replace(/[#$}*]/g, (found) => '}' + String.fromCharCode(found.charCodeAt(0) ^ ESCAPE_FLIP));
}

export const ACKNOWLEDGE = Uint8Array.of(PLUS);
export const ASK_AGAIN = Uint8Array.of(MINUS);

/** Undefined when it ends in the middle of an escape. */
function unescape(bytes: readonly number[]): string | undefined {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const isEscaped = bytes[i] === ESCAPE;
    if (isEscaped && ++i === bytes.length) return undefined;
    text += String.fromCharCode(isEscaped ? bytes[i] ^ ESCAPE_FLIP : bytes[i]);
  }
  return text;
}

function checksum(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);
}
