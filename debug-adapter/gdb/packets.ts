/**
 * The outermost layer of the GDB remote protocol ("Overview" in gdb's manual, appendix E): bytes on the wire become
 * packets, acknowledgements and interrupts, and replies become bytes. It never fails: a packet whose checksum is wrong is
 * reported, so that it can be asked for again. A byte that the protocol does not have between packets ends the reading,
 * and so does HTTP wherever it comes: a web page can send any bytes to a port, but only after an HTTP header. Contents
 * are latin-1 strings, one character a byte.
 */
export type WireEvent =
  | { kind: 'packet'; content: string }
  /** Its checksum is wrong, or it is longer than a packet can be. */
  | { kind: 'damaged' }
  | { kind: 'acknowledged'; well: boolean }
  /** Ctrl-C: comes between packets while the target runs. */
  | { kind: 'interrupt' }
  /** The sender is no gdb. The last event: nothing is read after it. */
  | { kind: 'foreign' };

/** What `PacketSize` tells: the longest content that either side sends. */
export const PACKET_BYTES_MAX = 0x4000;

const START = 0x24; // $
const END = 0x23; // #
const ESCAPE = 0x7d; // }
const ESCAPE_FLIP = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const INTERRUPT = 0x03;
// `set remote interrupt-sequence BREAK`: telnet's IAC and BREAK (ser_tcp_send_break in gdb's ser-tcp.c).
const TELNET_ESCAPE = 0xff;
const TELNET_BREAK = 0xf3;
const WRITE_BINARY = 0x58; // X
/** In a request line, in a status line and in HTTP/2's preface. */
const HTTP = Uint8Array.from('http/', (character) => character.charCodeAt(0));
const LOWER_CASE = 0x20;

export class PacketReader {
  /** The packet under way: its bytes after the `$`, as they came. */
  private bytes: number[] | undefined;
  /** The checksum's digits; undefined before the `#`. */
  private digits: string | undefined;
  private isAfterTelnetEscape = false;
  private isForeign = false;
  /** How much of `http/` the last bytes are, and whether the packet under way has all of it. */
  private httpMatched = 0;
  private hasHttp = false;

  read(bytes: Uint8Array): WireEvent[] {
    const events: WireEvent[] = [];
    for (const byte of bytes) {
      if (this.isForeign) break;
      const event = this.bytes === undefined ? this.between(byte) : this.inside(this.bytes, byte);
      if (event) events.push(event);
    }
    return events;
  }

  private between(byte: number): WireEvent | undefined {
    if (this.isAfterTelnetEscape) {
      this.isAfterTelnetEscape = false;
      return byte === TELNET_BREAK ? { kind: 'interrupt' } : this.foreign();
    }
    switch (byte) {
      case START:
        this.begin();
        return undefined;
      case PLUS:
      case MINUS:
        return { kind: 'acknowledged', well: byte === PLUS };
      case INTERRUPT:
        return { kind: 'interrupt' };
      case TELNET_ESCAPE:
        this.isAfterTelnetEscape = true;
        return undefined;
      default:
        return this.foreign();
    }
  }

  private begin(): void {
    this.bytes = [];
    this.digits = undefined;
    this.httpMatched = 0;
    this.hasHttp = false;
  }

  private inside(bytes: number[], byte: number): WireEvent | undefined {
    if (this.digits !== undefined) {
      this.digits += String.fromCharCode(byte);
      return this.digits.length === 2 ? this.finished(bytes, this.digits) : undefined;
    }
    this.lookForHttp(byte);
    // Only memory that is written as it is can hold these bytes by chance.
    if (this.hasHttp && bytes[0] !== WRITE_BINARY) return this.foreign();
    if (byte === END) this.digits = '';
    else if (byte !== START) {
      if (bytes.length <= 2 * PACKET_BYTES_MAX) bytes.push(byte);
    }
    // A packet that breaks off is followed by the next one: `$` is always escaped inside.
    else if (this.hasHttp) return this.foreign();
    else this.begin();
    return undefined;
  }

  private finished(bytes: number[], digits: string): WireEvent {
    this.bytes = undefined;
    const isRight = /^[0-9a-fA-F]{2}$/.test(digits) && parseInt(digits, 16) === checksum(bytes);
    const content = isRight ? unescape(bytes) : undefined;
    if (content !== undefined && content.length <= PACKET_BYTES_MAX) return { kind: 'packet', content };
    return this.hasHttp ? this.foreign() : { kind: 'damaged' };
  }

  private lookForHttp(byte: number): void {
    const letter = byte | LOWER_CASE;
    // Its first letter comes once, so a mismatch can only be the beginning of another one.
    this.httpMatched = letter === HTTP[this.httpMatched] ? this.httpMatched + 1 : letter === HTTP[0] ? 1 : 0;
    if (this.httpMatched < HTTP.length) return;
    this.httpMatched = 0;
    this.hasHttp = true;
  }

  private foreign(): WireEvent {
    this.isForeign = true;
    this.bytes = undefined;
    return { kind: 'foreign' };
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
